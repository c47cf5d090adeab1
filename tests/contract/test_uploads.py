"""What every DeliveryStore promises (shared/ports/) of finished videos that are sent on, filled by its JobStore."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from shared.core import delivery
from shared.core.delivery import PLACES, DeliveryState, Kind, Reply
from shared.core.job import CancelRequested
from tests.stores import HOOK, SHORT, Stores

HOLD = timedelta(seconds=30)
URL = "https://bucket.example.com/a?b=c"


def test_one_is_owed_with_the_callback_of_a_completed_job_and_with_no_other_end(stores: Stores) -> None:
    job = stores.finish(upload_url=URL)
    found = {each.kind: each for each in stores.deliveries.of_job(job.id)}
    assert {Kind.CALLBACK, Kind.UPLOAD} == set(found)
    assert (URL, None, 2) == (found[Kind.UPLOAD].url, found[Kind.UPLOAD].endpoint_id, stores.deliveries.due())
    cancelled = stores.jobs.apply(stores.add(upload_url=URL).id, CancelRequested())
    assert [Kind.CALLBACK] == [each.kind for each in stores.deliveries.of_job(cancelled.id)]


def test_it_is_held_for_longer_and_in_a_lane_of_its_own(stores: Stores) -> None:
    for _ in range(PLACES + 1):
        stores.finish(upload_url=HOOK.url)
    taken = stores.deliveries.take(SHORT, uploads=HOLD, limit=100)
    assert {Kind.UPLOAD} < {each.kind for each in taken}
    assert PLACES == Counter(each.kind for each in taken)[Kind.UPLOAD]
    stores.wait(SHORT)
    again = stores.deliveries.take(SHORT, uploads=HOLD, limit=100)
    assert {Kind.CALLBACK: PLACES} == Counter(each.kind for each in again)


def test_it_is_tried_kept_and_sent_again_as_a_callback_is(stores: Stores) -> None:
    stores.finish(webhook=None, upload_url=URL)
    taken = stores.take(HOLD)
    assert taken is not None
    final = delivery.after(taken, Reply(status=403), stores.jobs.now(), chance=0)
    assert DeliveryState.ABANDONED is final.state
    assert stores.deliveries.keep(taken, final)
    assert stores.deliveries.keep(final, delivery.replayed(final, stores.jobs.now()))
    assert stores.take(HOLD) is not None

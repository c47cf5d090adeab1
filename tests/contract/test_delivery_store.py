"""What every DeliveryStore promises (shared/ports/), filled by its JobStore."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from redis import Redis

from shared.adapters import redis_keys as keys
from shared.core import delivery
from shared.core.delivery import Delivery, DeliveryState, Reply
from shared.core.ids import delivery_id, event_id
from shared.core.job import Cancelled, CancelRequested, Expired, Failed, Job, JobState, LeaseExpired, Webhook
from tests.stores import ERROR, HOOK, Stores, hook, redis_stores

HOLD = timedelta(seconds=30)
BRIEF = timedelta(milliseconds=400)
"""A test sees its end, and is done with what comes before it even on a busy machine."""


def completed(stores: Stores) -> Job:
    return stores.finish()


def failed(stores: Stores) -> Job:
    job = stores.add()
    return stores.jobs.apply(job.id, Failed(stores.claim()[1], ERROR))


def lost_too_often(stores: Stores) -> Job:
    job = stores.add(max_losses=1)
    return stores.jobs.apply(job.id, LeaseExpired(stores.claim()[1]))


def cancelled_in_the_queue(stores: Stores) -> Job:
    return stores.jobs.apply(stores.add().id, CancelRequested())


def cancelled_while_running(stores: Stores) -> Job:
    job = stores.add()
    _, attempt = stores.claim()
    stores.jobs.apply(job.id, CancelRequested())
    return stores.jobs.apply(job.id, Cancelled(attempt))


def expired(stores: Stores) -> Job:
    return stores.jobs.apply(stores.add().id, Expired())


ENDS = [completed, failed, lost_too_often, cancelled_in_the_queue, cancelled_while_running, expired]


@pytest.mark.parametrize("end", ENDS)
def test_every_end_owes_one_callback(stores: Stores, end: Callable[[Stores], Job]) -> None:
    job = end(stores)
    assert job.state.is_final
    [callback] = stores.deliveries.of_job(job.id)
    assert (delivery_id(job.id, job.version), event_id(job.id, job.version)) == (callback.id, callback.event_id)
    assert (job.id, job.tenant, HOOK.url) == (callback.job_id, callback.tenant, callback.url)
    assert f"video.{job.state}" == callback.event_type
    assert (DeliveryState.PENDING, 0, None) == (callback.state, callback.attempts, callback.body)
    assert 1 == stores.deliveries.due()


def test_a_job_that_goes_on_owes_none(stores: Stores) -> None:
    job = stores.add()
    stores.claim()
    stores.jobs.apply(job.id, CancelRequested())
    assert [] == stores.deliveries.of_job(job.id)
    assert (0, None) == (stores.deliveries.due(), stores.deliveries.next_due())


def test_an_end_that_nobody_asked_to_hear_of_owes_none(stores: Stores) -> None:
    for webhook in (None, Webhook("https://example.com/hook", ("video.failed",))):
        job = stores.finish(webhook=webhook)
        assert [] == stores.deliveries.of_job(job.id)
    assert stores.take(HOLD) is None


def test_one_taken_is_kept_from_others_until_its_hold_is_over(stores: Stores) -> None:
    job = stores.finish()
    [callback] = stores.deliveries.of_job(job.id)
    taken = stores.take(BRIEF)
    assert taken is not None
    assert callback == replace(taken, due_at=callback.due_at)
    assert stores.take(BRIEF) is None
    assert (0, taken.due_at) == (stores.deliveries.due(), stores.deliveries.next_due())
    stores.wait(BRIEF)
    assert 1 == stores.deliveries.due()
    again = stores.take(BRIEF)
    assert again is not None
    assert callback.id == again.id


def test_the_one_due_longest_is_taken_first(stores: Stores) -> None:
    jobs = [stores.finish(webhook=hook(n)) for n in range(20)]
    taken = [stores.take(HOLD) for _ in jobs]
    assert [job.id for job in jobs] == [d.job_id for d in taken if d is not None]
    assert stores.take(HOLD) is None


def test_each_of_10_goes_to_one_of_20_takers(stores: Stores) -> None:
    jobs = {stores.finish(webhook=hook(n)).id for n in range(10)}
    start = threading.Barrier(20)

    def take(_: int) -> Delivery | None:
        start.wait()
        return stores.take(HOLD)

    with ThreadPoolExecutor(20) as pool:
        taken = [d.job_id for d in pool.map(take, range(20)) if d is not None]
    assert 10 == len(taken)
    assert jobs == set(taken)


class TestKeep:
    def test_a_delivered_one_is_due_no_more(self, stores: Stores) -> None:
        job = stores.finish()
        taken = stores.take(BRIEF)
        assert taken is not None
        done = delivery.after(taken, Reply(status=204), stores.jobs.now(), chance=0)
        assert stores.deliveries.keep(taken, done)
        assert [done] == stores.deliveries.of_job(job.id)
        stores.wait(BRIEF)
        assert stores.take(BRIEF) is None
        assert (0, None) == (stores.deliveries.due(), stores.deliveries.next_due())

    def test_a_failed_try_is_due_again_when_it_says(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        later = replace(taken, attempts=1, last_status=503, due_at=stores.jobs.now() + BRIEF, body="{}")
        assert stores.deliveries.keep(taken, later)
        assert later.due_at == stores.deliveries.next_due()
        assert stores.take(HOLD) is None
        stores.wait(BRIEF)
        again = stores.take(HOLD)
        assert again is not None
        assert later == replace(again, due_at=later.due_at)

    def test_who_lost_its_hold_writes_nothing(self, stores: Stores) -> None:
        job = stores.finish()
        slow = stores.take(BRIEF)
        stores.wait(BRIEF)
        fast = stores.take(HOLD)
        assert slow is not None
        assert fast is not None
        assert not stores.deliveries.keep(slow, replace(slow, state=DeliveryState.ABANDONED))
        assert [fast] == stores.deliveries.of_job(job.id)
        assert stores.deliveries.keep(fast, replace(fast, state=DeliveryState.DELIVERED))

    def test_the_same_again_is_true_and_something_else_is_not(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        done = replace(taken, state=DeliveryState.DELIVERED)
        assert [True, True] == [stores.deliveries.keep(taken, done) for _ in range(2)]
        assert not stores.deliveries.keep(taken, replace(taken, state=DeliveryState.ABANDONED))

    def test_one_that_never_was_is_not_kept(self, stores: Stores) -> None:
        stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        ghost = replace(taken, id="wd_x")
        assert not stores.deliveries.keep(ghost, replace(ghost, attempts=1))

    def test_an_abandoned_one_can_be_made_due_again(self, stores: Stores) -> None:
        job = stores.finish()
        taken = stores.take(HOLD)
        assert taken is not None
        given_up = replace(taken, state=DeliveryState.ABANDONED)
        stores.deliveries.keep(taken, given_up)
        replayed = replace(given_up, state=DeliveryState.PENDING, due_at=stores.jobs.now())
        assert stores.deliveries.keep(given_up, replayed)
        assert 1 == stores.deliveries.due()
        assert [replayed] == stores.deliveries.of_job(job.id)


def test_what_waits_for_a_day_is_taken_as_soon_as_it_is_replayed_and_its_lane_does_not_rest(stores: Stores) -> None:
    job = stores.finish()
    taken = stores.take(HOLD)
    assert taken is not None
    resting = replace(taken, attempts=9, due_at=stores.jobs.now() + timedelta(days=1))
    assert stores.deliveries.keep(taken, resting, rest=BRIEF)
    again = delivery.replayed(resting, stores.jobs.now())
    assert stores.deliveries.keep(resting, again)
    assert not stores.deliveries.keep(resting, replace(again, attempts=1)), "somebody else replayed it"

    assert None is stores.take(HOLD), "a replay shortens no rest"
    stores.wait(BRIEF)
    found = stores.take(HOLD)
    assert found is not None
    assert (job.id, 0) == (found.job_id, found.attempts)


def test_callbacks_outlive_their_job(stores: Stores) -> None:
    job = stores.finish()
    stores.jobs.forget(job.id)
    taken = stores.take(HOLD)
    assert taken is not None
    assert (job.id, JobState.COMPLETED) == (taken.job_id, JobState(taken.event_type.removeprefix("video.")))


def test_what_a_newer_version_keeps_with_a_delivery_stays(redis_url: str) -> None:
    with redis_stores(redis_url) as stores, Redis.from_url(redis_url, decode_responses=True) as floor:
        [owed] = stores.deliveries.of_job(stores.finish().id)
        row = keys.delivery(owed.id)
        floor.set(row, json.dumps(json.loads(floor.get(row)) | {"news": ["☃"]}))
        taken = stores.take(HOLD)
        assert taken is not None
        fixed = stores.deliveries.fix(taken, "{}")
        assert fixed is not None
        assert stores.deliveries.keep(fixed, replace(fixed, state=DeliveryState.ABANDONED))
        assert (["☃"], "{}", "abandoned") == tuple(json.loads(floor.get(row))[n] for n in ("news", "body", "state"))

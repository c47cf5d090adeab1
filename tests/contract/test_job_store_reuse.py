"""What every JobStore promises of finished videos that serve another request for the same picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict
from shared.core.job import Failed, Job
from shared.core.request_key import RequestKey
from shared.core.terms import Cache, Terms
from tests.stores import ERROR, REQUEST, RETENTION, Stores, new_job

USE, REFRESH = Terms(cache=Cache.USE), Terms(cache=Cache.REFRESH)
KEY = RequestKey(name="idempotency:k", fingerprint="a" * 64, life=timedelta(days=1))


def _new(stores: Stores, **changes: object) -> Job:
    return new_job(stores.jobs.now(), **changes)


def is_served(stores: Stores, earlier: Job, **changes: object) -> bool:
    """Whether somebody who asks now gets `earlier`, and nothing is queued for him."""
    before = stores.jobs.depth().waiting
    job = stores.add(**{"terms": USE, **changes})
    assert (job.id == earlier.id) == (before == stores.jobs.depth().waiting)
    return job.id == earlier.id


@pytest.mark.parametrize("terms", [USE, REFRESH])
def test_a_finished_video_of_the_same_request_serves(stores: Stores, terms: Terms) -> None:
    earlier = stores.finish(terms=terms, metadata={"of": "another"})

    assert is_served(stores, earlier)
    assert is_served(stores, earlier, metadata={})
    assert [earlier.id] == [job.id for job in stores.jobs.page("ada", limit=10).jobs]


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant": "bob"},
        {"terms": Terms()},
        {"terms": REFRESH},
        {"terms": replace(USE, crf=30)},
        {"request": replace(REQUEST, seed=1)},
        {"request": replace(REQUEST, prompt="another")},
    ],
)
def test_it_serves_nobody_else(stores: Stores, changes: dict[str, object]) -> None:
    assert not is_served(stores, stores.finish(terms=USE), **changes)


def test_who_did_not_offer_his_video_serves_nobody(stores: Stores) -> None:
    assert not is_served(stores, stores.finish())


def test_a_video_that_is_not_finished_or_failed_serves_nobody(stores: Stores) -> None:
    queued = stores.add(terms=USE)
    assert not is_served(stores, queued)
    running, attempt = stores.claim()
    failed = stores.jobs.apply(running.id, Failed(attempt, ERROR))
    assert not is_served(stores, failed)


def test_a_video_that_was_deleted_serves_nobody(stores: Stores) -> None:
    earlier = stores.finish(terms=USE)
    stores.jobs.discard(earlier.id)
    assert not is_served(stores, earlier)
    stores.jobs.forget(earlier.id)
    assert not is_served(stores, earlier)


def test_a_video_whose_time_is_over_serves_nobody_once_it_is_removed(stores: Stores) -> None:
    earlier = stores.finish(terms=USE)
    stores.wait(RETENTION * 2)
    for job_id in stores.jobs.removable(10):
        stores.jobs.forget(job_id)
    assert not is_served(stores, earlier)


def test_the_newest_serves(stores: Stores) -> None:
    stores.finish(terms=USE)
    newer = stores.finish(terms=REFRESH)
    assert is_served(stores, newer)


def test_a_key_stands_for_the_video_that_served(stores: Stores) -> None:
    earlier = stores.finish(terms=USE)
    job = stores.add(terms=USE)
    assert earlier.id == job.id
    named = stores.jobs.create(_new(stores, terms=USE), key=KEY)
    assert earlier.id == named.id
    other = replace(KEY, fingerprint="b" * 64)
    with pytest.raises(Conflict):
        stores.jobs.create(_new(stores, terms=USE), key=other)
    stores.jobs.discard(earlier.id)
    with pytest.raises(Conflict):
        stores.jobs.create(_new(stores, terms=USE), key=KEY)


def test_what_a_key_stands_for_comes_first(stores: Stores) -> None:
    first = stores.jobs.create(_new(stores), key=KEY)
    stores.claim()
    earlier = stores.finish(terms=USE)
    found = stores.jobs.create(_new(stores, terms=USE), key=KEY)
    assert first.id == found.id != earlier.id


def test_a_counted_call_is_served_too(stores: Stores) -> None:
    earlier = stores.finish(terms=USE)
    for tries in (0, 1):
        call = CountedCall(name="k", tries=tries, window=timedelta(seconds=60))
        assert earlier.id == stores.jobs.create(_new(stores, terms=USE), key=call).id

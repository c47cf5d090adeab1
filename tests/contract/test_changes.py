"""Word of changes, over every family of stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from shared.core.errors import Unavailable
from shared.core.job import CancelRequested, Job
from shared.core.progress import Phase, Progress
from shared.ports import Listening
from tests.servers import Valkey
from tests.stores import LEASE, Stores, redis_stores

SOON = timedelta(seconds=5)
"""Far longer than it takes; only a test that fails waits for it."""
NOW = timedelta(0)


@pytest.fixture
def ear(stores: Stores) -> Iterator[Listening]:
    listening = stores.changes.listen()
    assert listening.heard(NOW) is None
    yield listening
    listening.close()


def _reported(stores: Stores, job: Job) -> None:
    stores.jobs.report(job.id, Progress(attempt="a", phase=Phase.DENOISING, step=1, total_steps=4))


def _claimed(stores: Stores, job: Job) -> None:
    assert job.id == stores.claim()[0].id


def _forgotten(stores: Stores, job: Job) -> None:
    stores.jobs.forget(job.id)


CHANGES: dict[str, Callable[[Stores, Job], object]] = {
    "claimed": _claimed,
    "cancelled": lambda stores, job: stores.jobs.apply(job.id, CancelRequested()),
    "reported": _reported,
    "discarded": lambda stores, job: stores.jobs.discard(job.id),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_of_a_job_is_heard(stores: Stores, change: Callable[[Stores, Job], object]) -> None:
    job = stores.add()
    ear = stores.changes.listen()
    ear.heard(NOW)

    change(stores, job)

    assert {job.id} == ear.heard(SOON)
    ear.close()


def test_a_job_that_goes_is_heard(stores: Stores) -> None:
    job = stores.finish()
    ear = stores.changes.listen()
    ear.heard(NOW)

    stores.jobs.forget(job.id)

    assert {job.id} == ear.heard(SOON)
    ear.close()


def test_what_is_heard_can_be_seen(stores: Stores, ear: Listening) -> None:
    stores.add()
    job, attempt = stores.claim()
    ear.heard(SOON)
    stores.jobs.report(job.id, Progress(attempt=attempt, phase=Phase.DENOISING, step=1, total_steps=4))
    ear.heard(SOON)

    assert 1 == stores.jobs.standing(job.id).progress.step


def test_silence_takes_its_time_and_is_empty(stores: Stores, ear: Listening) -> None:
    assert frozenset() == ear.heard(timedelta(milliseconds=30))


def test_all_who_listen_hear_the_same(stores: Stores, ear: Listening) -> None:
    other = stores.changes.listen()
    other.heard(NOW)
    stores.add()
    job, _ = stores.claim()

    assert {job.id} == ear.heard(SOON) | frozenset() == other.heard(SOON)
    other.close()


def test_who_begins_again_is_told_so(stores: Stores, ear: Listening) -> None:
    stores.add()
    ear.close()
    job, _ = stores.claim()

    assert ear.heard(NOW) is None
    stores.jobs.apply(job.id, CancelRequested())
    assert {job.id} == ear.heard(SOON)


def test_a_server_that_dies_is_no_silence_and_the_next_one_is_heard(mortal: Valkey) -> None:
    with redis_stores(mortal.url) as stores:
        ear = stores.changes.listen()
        ear.heard(NOW)
        job = stores.add()
        mortal.kill()
        with pytest.raises(Unavailable):
            ear.heard(SOON)
        with pytest.raises(Unavailable):
            ear.heard(SOON)
        mortal.start()

        assert ear.heard(NOW) is None
        stores.claim(LEASE)
        assert {job.id} == ear.heard(SOON)
        ear.close()

"""What every JobStore promises of calls whose client counts its tries: shared/core/counted_call.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest

from shared.core.counted_call import MAX_ANSWERS, CountedCall
from shared.core.errors import Unavailable
from shared.core.job import Completed, Job
from tests.contract.test_job_store import all_at_once
from tests.faults import FaultProxy
from tests.stores import OUTPUT, SHORT, Stores, new_job, redis_stores

WINDOW: Final = timedelta(minutes=3)


def call(stores: Stores, tries: int, name: str = "key:body", window: timedelta = WINDOW, **changes: object) -> Job:
    key = CountedCall(name=name, tries=tries, window=window)
    return stores.jobs.create(new_job(stores.jobs.now(), **changes), key=key)


def test_a_repeat_gets_the_job_of_the_first_try_as_it_stands_now(stores: Stores) -> None:
    first = call(stores, 0)
    running, _ = stores.claim()
    assert first.id == running.id
    assert running == call(stores, 1)
    assert running == call(stores, 2)
    assert [f"{first.id} dev.flipbook.video.queued.v1"] == [told for told in stores.unsent() if "queued" in told]


def test_a_first_try_is_always_a_call_of_its_own(stores: Stores) -> None:
    assert 3 == len({call(stores, 0).id for _ in range(3)})


def test_a_repeat_whose_first_try_never_came_makes_a_job_and_its_own_repeat_gets_that(stores: Stores) -> None:
    first = call(stores, 1)
    assert first == call(stores, 2)
    assert 1 == stores.jobs.depth().waiting


def test_a_job_is_given_to_one_repeat_of_a_number_only(stores: Stores) -> None:
    first = call(stores, 0)
    assert first == call(stores, 1)
    assert first != call(stores, 1)


def test_two_equal_calls_whose_answers_are_lost_get_one_job_each(stores: Stores) -> None:
    made = {call(stores, 0).id, call(stores, 0).id}
    assert made == {call(stores, 1).id, call(stores, 1).id}
    assert made == {call(stores, 2).id, call(stores, 2).id}
    assert 2 == stores.jobs.depth().waiting


def test_the_newest_call_is_the_one_that_is_repeated(stores: Stores) -> None:
    call(stores, 0)
    newest = call(stores, 0)
    assert newest == call(stores, 1)


def test_a_call_that_goes_on_comes_before_one_that_just_began(stores: Stores) -> None:
    first = call(stores, 0)
    call(stores, 1)
    call(stores, 0)
    assert first == call(stores, 2)


@pytest.mark.parametrize("other", [{"name": "key:other body"}, {"tenant": "bob"}])
def test_other_bodies_and_tenants_do_not_meet(stores: Stores, other: dict[str, str]) -> None:
    first = call(stores, 0)
    assert first.id != call(stores, 1, **other).id


def test_an_answer_that_is_too_old_is_not_repeated(stores: Stores) -> None:
    first = call(stores, 0, window=SHORT)
    stores.wait(SHORT * 1.2)
    assert first.id != call(stores, 1, window=SHORT).id


def test_the_window_counts_from_the_last_answer(stores: Stores) -> None:
    long = SHORT * 3
    first = call(stores, 0, window=long)
    stores.wait(long * 0.6)
    assert first == call(stores, 1, window=long)
    stores.wait(long * 0.6)
    assert first == call(stores, 2, window=long)


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_deleted_job_is_given_to_nobody(stores: Stores, *, forgotten: bool) -> None:
    job = call(stores, 0)
    _, attempt = stores.claim()
    stores.jobs.discard(job.id)
    if forgotten:
        stores.jobs.apply(job.id, Completed(attempt, OUTPUT))
        stores.jobs.forget(job.id)
    assert job.id != call(stores, 1).id


def test_of_many_equal_calls_only_the_newest_are_remembered(stores: Stores) -> None:
    made = [call(stores, 0, webhook=None).id for _ in range(MAX_ANSWERS + 2)]
    given = [call(stores, 1, webhook=None).id for _ in range(MAX_ANSWERS)]
    assert made[:1:-1] == given


def test_of_many_repeats_together_each_gets_a_job_of_its_own(stores: Stores) -> None:
    made = {call(stores, 0).id for _ in range(4)}
    given = [job for job in all_at_once(6, lambda _: call(stores, 1)) if isinstance(job, Job)]
    assert (6, 6) == (len(given), len({job.id for job in given}))
    assert made < {job.id for job in given}
    assert 6 == stores.jobs.depth().waiting


def test_any_number_of_equal_calls_may_come_at_once(stores: Stores) -> None:
    made = [job for job in all_at_once(64, lambda _: call(stores, 0, webhook=None)) if isinstance(job, Job)]
    assert 64 == len({job.id for job in made}) == stores.jobs.depth().waiting


class TestLostAnswers:
    """The server did its work, and we did not hear so."""

    @pytest.fixture
    def far(self, proxy: FaultProxy) -> Iterator[Stores]:
        with redis_stores(f"redis://127.0.0.1:{proxy.port}") as stores:
            yield stores

    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_first_try_is_written_once_and_found_by_its_repeat(
        self, proxy: FaultProxy, far: Stores, nth: int
    ) -> None:
        job = new_job(far.jobs.now())
        proxy.cut(nth)
        made = far.jobs.create(job, key=CountedCall(name="a", tries=0, window=WINDOW))
        assert nth < proxy.answers
        assert made == job == call(far, 1, "a")
        assert 1 == far.jobs.depth().waiting

    @pytest.mark.parametrize("nth", [1, 2, 3, 4])
    def test_a_repeat_is_given_its_job_once(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        first = call(far, 0)
        job = new_job(far.jobs.now())
        proxy.cut(nth)
        assert first == far.jobs.create(job, key=CountedCall(name="key:body", tries=1, window=WINDOW))
        assert nth < proxy.answers
        assert 1 == far.jobs.depth().waiting

    @pytest.mark.parametrize("lost", [range(2, 50), range(3, 50), range(4, 50)])
    def test_a_process_that_dies_after_writing_leaves_what_the_next_repeat_finds(
        self, proxy: FaultProxy, far: Stores, lost: range
    ) -> None:
        """Its client heard nothing, and asks another process."""
        tries = 0 if lost.start == 2 else 1
        first = call(far, 0) if tries else None
        proxy.cut(*lost)
        with pytest.raises(Unavailable):
            call(far, tries)
        proxy.cut()
        again = call(far, tries + 1)
        assert first in (None, again)
        assert [again.id] == far.jobs.waiting(10)

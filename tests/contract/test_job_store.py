"""What every JobStore promises (shared/ports/)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.errors import Conflict, IllegalChange, NotFound, StaleAttempt
from shared.core.ids import new_attempt_id
from shared.core.job import (
    RELEASE_DELAY,
    Cancelled,
    CancelRequested,
    Change,
    Claimed,
    Completed,
    Expired,
    Failed,
    Job,
    JobState,
    LeaseExpired,
    Released,
    TimedOut,
    Yielded,
    release_delay,
)
from shared.core.terms import Terms
from shared.ports import Holding, QueueDepth
from tests.stores import ERROR, LEASE, OUTPUT, SHORT, WORKER_CHANGES, Stores, new_job


def all_at_once(calls: int, call: Callable[[int], object]) -> list[object]:
    """The result or the error of each of `calls` calls that start together."""
    start = threading.Barrier(calls)

    def run(n: int) -> object:
        start.wait()
        try:
            return call(n)
        except (IllegalChange, Conflict) as error:
            return error

    with ThreadPoolExecutor(calls) as pool:
        return list(pool.map(run, range(calls)))


class TestCreate:
    def test_a_job_comes_back_as_it_was_given(self, stores: Stores) -> None:
        job = new_job(stores.jobs.now())
        assert job == stores.jobs.create(job)
        assert job == stores.jobs.get(job.id)

    def test_the_same_job_again_is_no_error_and_writes_nothing(self, stores: Stores) -> None:
        job = stores.add()
        assert job == stores.jobs.create(job)
        assert [f"{job.id} dev.flipbook.video.queued.v1"] == stores.unsent()

    def test_the_same_job_again_comes_back_as_it_stands_now(self, stores: Stores) -> None:
        job = stores.add()
        running, _ = stores.claim()
        assert running == stores.jobs.create(job)

    def test_another_job_with_its_id_is_refused(self, stores: Stores) -> None:
        job = stores.add()
        with pytest.raises(Conflict) as refused:
            stores.jobs.create(replace(job, tenant="bob"))
        assert "job_exists" == refused.value.code
        assert job == stores.jobs.get(job.id)

    def test_of_different_jobs_with_one_id_created_together_one_wins(self, stores: Stores) -> None:
        job = new_job(stores.jobs.now())
        results = all_at_once(8, lambda n: stores.jobs.create(replace(job, metadata={"n": str(n)})))
        assert [stores.jobs.get(job.id)] == [result for result in results if isinstance(result, Job)]
        assert 1 == stores.jobs.depth().waiting

    def test_an_unknown_job_is_not_found(self, stores: Stores) -> None:
        for call in (stores.jobs.get, stores.jobs.discard, lambda i: stores.jobs.apply(i, CancelRequested())):
            with pytest.raises(NotFound):
                call("video_x")


class TestClaim:
    def test_an_empty_queue_gives_nothing(self, stores: Stores) -> None:
        assert stores.jobs.claim("a", LEASE) is None

    def test_who_came_first_is_drawn_first(self, stores: Stores) -> None:
        expected = [stores.add().id for _ in range(4)]
        assert expected == stores.jobs.waiting(10)
        assert expected[:2] == stores.jobs.waiting(2)
        assert expected == [stores.claim()[0].id for _ in expected]

    def test_jobs_at_the_same_place_go_by_id(self, stores: Stores) -> None:
        held = [stores.claim() for _ in [stores.add(id=f"video_{i}") for i in "zay"]]
        for job, attempt in held:
            stores.jobs.apply(job.id, LeaseExpired(attempt))
        assert ["video_a", "video_y", "video_z"] == stores.jobs.waiting(10)

    def test_a_job_whose_time_has_not_come_is_not_taken(self, stores: Stores) -> None:
        job = stores.add(queued_at=stores.jobs.now() + SHORT, losses=1)
        assert stores.jobs.claim("a", LEASE) is None
        assert [] == stores.jobs.waiting(10)
        assert 0 == stores.jobs.position(job)
        stores.wait(SHORT)
        assert [job.id] == stores.jobs.waiting(10)
        assert job.id == stores.claim()[0].id

    def test_a_job_whose_time_has_not_come_holds_up_no_other(self, stores: Stores) -> None:
        later = stores.jobs.now() + release_delay(9)
        for _ in range(40):
            stores.add(queued_at=later, losses=9)
        ready = stores.add()
        assert [ready.id] == stores.jobs.waiting(1)
        assert ready.id == stores.claim()[0].id

    def test_a_job_of_a_clock_that_is_ahead_is_taken_at_once_and_again_when_its_worker_is_lost(
        self, stores: Stores
    ) -> None:
        """The server's clock was set back, or another server with another clock took over."""
        ahead = stores.jobs.now() + timedelta(minutes=5)
        job = stores.add(created_at=ahead, queued_at=ahead, changed_at=ahead)
        assert [job.id] == stores.jobs.waiting(10)
        assert timedelta(0) == stores.jobs.depth().oldest
        for _ in range(2):
            taken, attempt = stores.claim()
            assert job.id == taken.id
            stores.jobs.apply(job.id, LeaseExpired(attempt))
        assert [timedelta(0)] == stores.queue.look().waits

    def test_a_claimed_job_is_out_of_the_queue_and_held(self, stores: Stores) -> None:
        job = stores.add()
        running, attempt = stores.claim()
        assert (JobState.RUNNING, attempt, 1) == (running.state, running.attempt, running.attempts)
        assert running == stores.jobs.get(job.id)
        assert [] == stores.jobs.waiting(10)
        assert QueueDepth(waiting=0, running=1, oldest=timedelta(0)) == stores.jobs.depth()

    def test_the_store_s_clock_counts_not_the_caller_s(self, stores: Stores) -> None:
        before = stores.jobs.now()
        stores.add()
        running, _ = stores.claim()
        assert running.started_at is not None
        assert before <= running.started_at <= stores.jobs.now()

    def test_an_attempt_that_holds_a_job_gets_it_again(self, stores: Stores) -> None:
        stores.add()
        stores.add()
        running, attempt = stores.claim()
        assert running == stores.jobs.claim(attempt, LEASE)
        assert 1 == stores.jobs.depth().waiting

    def test_an_attempt_that_holds_nothing_any_more_gets_another(self, stores: Stores) -> None:
        first, attempt = stores.add(), new_attempt_id()
        stores.jobs.claim(attempt, LEASE)
        stores.jobs.apply(first.id, Failed(attempt, ERROR))
        second = stores.add()
        again = stores.jobs.claim(attempt, LEASE)
        assert again is not None
        assert second.id == again.id

    def test_each_of_10_jobs_goes_to_one_of_20_workers(self, stores: Stores) -> None:
        jobs = {stores.add().id for _ in range(10)}
        results = all_at_once(20, lambda n: stores.jobs.claim(f"attempt{n}", LEASE))
        taken = [(n, job) for n, job in enumerate(results) if isinstance(job, Job)]
        assert 10 == len(taken)
        assert jobs == {job.id for _, job in taken}
        assert [f"attempt{n}" for n, _ in taken] == [stores.jobs.get(job.id).attempt for _, job in taken]
        assert 10 == stores.jobs.depth().running

    def test_overdue_jobs_are_passed_over_however_many_there_are(self, stores: Stores) -> None:
        at = stores.jobs.now()
        overdue = [stores.add(expires_at=at - timedelta(seconds=n)) for n in range(1, 41)]
        assert stores.jobs.claim("a", LEASE) is None
        fresh = stores.add()
        assert fresh.id == stores.claim()[0].id
        assert [job.id for job in reversed(overdue)] == stores.jobs.overdue(100)
        assert [overdue[-1].id] == stores.jobs.overdue(1)

    def test_a_job_that_was_claimed_once_leaves_the_queue_no_more_by_its_age(self, stores: Stores) -> None:
        job = stores.add(expires_at=stores.jobs.now() + SHORT)
        _, attempt = stores.claim()
        stores.jobs.apply(job.id, Yielded(attempt))
        stores.wait(SHORT)
        assert [] == stores.jobs.overdue(10)
        assert job.id == stores.claim()[0].id


class TestApply:
    @pytest.mark.parametrize("change", WORKER_CHANGES)
    def test_a_stale_attempt_changes_nothing(self, stores: Stores, change: Callable[[str], Change]) -> None:
        job = stores.add()
        _, stale = stores.claim()
        stores.jobs.apply(job.id, LeaseExpired(stale))
        running, _ = stores.claim()
        events = stores.unsent()
        for attempt in (stale, "unheard-of"):
            with pytest.raises(StaleAttempt):
                stores.jobs.apply(job.id, change(attempt))
        assert running == stores.jobs.get(job.id)
        assert events == stores.unsent()
        assert 1 == stores.jobs.depth().running

    @pytest.mark.parametrize("change", WORKER_CHANGES)
    def test_nobody_speaks_for_a_job_that_nobody_holds(self, stores: Stores, change: Callable[[str], Change]) -> None:
        job = stores.add()
        with pytest.raises(StaleAttempt):
            stores.jobs.apply(job.id, change("a"))
        assert job == stores.jobs.get(job.id)

    def test_a_final_job_stays_as_it_is(self, stores: Stores) -> None:
        job = stores.finish()
        for change in (CancelRequested(), Claimed("b"), Expired()):
            with pytest.raises(IllegalChange):
                stores.jobs.apply(job.id, change)
        assert job == stores.jobs.get(job.id)
        assert 1 == len(stores.deliveries.of_job(job.id))

    def test_of_many_who_cancel_at_once_one_does(self, stores: Stores) -> None:
        job = stores.add()
        results = all_at_once(10, lambda _: stores.jobs.apply(job.id, CancelRequested()))
        assert [stores.jobs.get(job.id)] == [result for result in results if isinstance(result, Job)]
        assert 1 == len(stores.deliveries.of_job(job.id))

    def test_a_yielded_job_joins_again_at_the_back_and_a_lost_one_keeps_its_place(self, stores: Stores) -> None:
        lost, yielded, fresh = stores.add(), stores.add(), stores.add()
        for _ in range(2):
            _, attempt = stores.claim()
            stores.jobs.apply(lost.id, LeaseExpired(attempt))
        _, first = stores.claim()
        _, second = stores.claim()
        stores.jobs.apply(yielded.id, Yielded(second))
        stores.jobs.apply(fresh.id, CancelRequested())
        assert [yielded.id] == stores.jobs.waiting(10)
        assert JobState.FAILED is stores.jobs.apply(lost.id, LeaseExpired(first)).state

    def test_a_released_job_lets_others_go_first_for_a_while(self, stores: Stores) -> None:
        broken, fresh = stores.add(), stores.add()
        _, attempt = stores.claim()
        released = stores.jobs.apply(broken.id, Released(attempt, ERROR))
        assert (RELEASE_DELAY, 1) == (released.queued_at - released.changed_at, released.losses)
        assert [fresh.id] == stores.jobs.waiting(10)
        assert 2 == stores.jobs.depth().waiting

    def test_a_claim_that_came_without_a_lease_is_over_at_once(self, stores: Stores) -> None:
        job = stores.add()
        stores.jobs.apply(job.id, Claimed("a"))
        assert [Holding(job.id, "a")] == stores.jobs.expired_leases(10)


class TestDeadline:
    HURRIED = Terms(timeout=SHORT)

    def test_a_queued_and_a_running_job_are_told_of_when_it_is_past_and_only_then(self, stores: Stores) -> None:
        running = stores.add(terms=self.HURRIED)
        stores.claim()
        queued = stores.add(terms=self.HURRIED)
        stores.add()
        assert [] == stores.jobs.timed_out(10)
        with pytest.raises(IllegalChange):
            stores.jobs.apply(queued.id, TimedOut())
        stores.wait(SHORT)
        assert [running.id, queued.id] == stores.jobs.timed_out(10)
        assert [running.id] == stores.jobs.timed_out(1)

    def test_a_job_that_ended_by_it_is_out_of_the_queue_and_of_its_worker_s_hands(self, stores: Stores) -> None:
        running = stores.add(terms=self.HURRIED)
        _, attempt = stores.claim()
        queued = stores.add(terms=self.HURRIED)
        stores.wait(SHORT)
        for job in (running, queued):
            ended = stores.jobs.apply(job.id, TimedOut())
            assert (JobState.FAILED, "timeout") == (ended.state, ended.error and ended.error.code)
        assert [] == stores.jobs.timed_out(10)
        assert (0, 0) == (stores.jobs.depth().waiting, stores.jobs.depth().running)
        with pytest.raises(StaleAttempt):
            stores.jobs.apply(running.id, Completed(attempt, OUTPUT))

    def test_nobody_takes_a_job_whose_time_is_over(self, stores: Stores) -> None:
        late, fresh = stores.add(terms=self.HURRIED), stores.add()
        stores.wait(SHORT)
        assert fresh.id == stores.claim()[0].id
        assert stores.jobs.claim("a", LEASE) is None
        assert [late.id] == stores.jobs.timed_out(10)

    def test_a_job_that_is_over_in_time_is_not_told_of(self, stores: Stores) -> None:
        stores.finish(terms=self.HURRIED)
        stores.jobs.apply(stores.add(terms=self.HURRIED).id, CancelRequested())
        stores.wait(SHORT)
        assert [] == stores.jobs.timed_out(10)


class TestLease:
    def test_one_that_ran_out_is_listed_and_its_job_requeued(self, stores: Stores) -> None:
        job = stores.add()
        _, attempt = stores.claim(SHORT)
        assert [] == stores.jobs.expired_leases(10)
        stores.wait(SHORT)
        assert [Holding(job.id, attempt)] == stores.jobs.expired_leases(10)
        requeued = stores.jobs.apply(job.id, LeaseExpired(attempt))
        assert (JobState.QUEUED, 1) == (requeued.state, requeued.losses)
        assert [] == stores.jobs.expired_leases(10)
        depth = stores.jobs.depth()
        assert (1, 0) == (depth.waiting, depth.running)
        assert [job.id] == stores.jobs.waiting(10)

    def test_the_longest_overdue_comes_first(self, stores: Stores) -> None:
        stores.add()
        stores.add()
        _, later = stores.claim(SHORT)
        _, sooner = stores.claim(SHORT / 2)
        stores.wait(SHORT)
        assert [sooner, later] == [holding.attempt for holding in stores.jobs.expired_leases(10)]
        assert [sooner] == [holding.attempt for holding in stores.jobs.expired_leases(1)]

    def test_a_renewed_one_lives_on(self, stores: Stores) -> None:
        job = stores.add()
        running, attempt = stores.claim(SHORT)
        assert running == stores.jobs.renew(job.id, attempt, LEASE)
        stores.wait(SHORT)
        assert [] == stores.jobs.expired_leases(10)

    def test_one_that_ran_out_may_be_renewed_until_the_job_is_requeued(self, stores: Stores) -> None:
        job = stores.add()
        _, attempt = stores.claim(SHORT)
        stores.wait(SHORT)
        stores.jobs.renew(job.id, attempt, LEASE)
        assert [] == stores.jobs.expired_leases(10)
        stores.jobs.apply(job.id, LeaseExpired(attempt))
        with pytest.raises(StaleAttempt):
            stores.jobs.renew(job.id, attempt, LEASE)

    def test_another_s_cannot_be_renewed(self, stores: Stores) -> None:
        job = stores.add()
        stores.claim(SHORT)
        with pytest.raises(StaleAttempt):
            stores.jobs.renew(job.id, "unheard-of", LEASE)
        stores.wait(SHORT)
        assert 1 == len(stores.jobs.expired_leases(10))

    def test_of_a_job_that_is_gone_is_not_found(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            stores.jobs.renew("video_x", "a", LEASE)

    def test_a_renewal_hears_of_the_cancellation(self, stores: Stores) -> None:
        job = stores.add()
        _, attempt = stores.claim()
        stores.jobs.apply(job.id, CancelRequested())
        assert JobState.CANCELLING is stores.jobs.renew(job.id, attempt, LEASE).state
        assert JobState.CANCELLED is stores.jobs.apply(job.id, Cancelled(attempt)).state

    def test_a_worker_that_dies_while_cancelling_fulfils_the_wish(self, stores: Stores) -> None:
        job = stores.add()
        _, attempt = stores.claim(SHORT)
        stores.jobs.apply(job.id, CancelRequested())
        stores.wait(SHORT)
        assert [Holding(job.id, attempt)] == stores.jobs.expired_leases(10)
        assert JobState.CANCELLED is stores.jobs.apply(job.id, LeaseExpired(attempt)).state
        assert [] == stores.jobs.expired_leases(10)


def test_a_healthy_store_answers_its_ping(stores: Stores) -> None:
    stores.jobs.ping()

"""What every Queue promises (shared/ports/queue.py), beside the JobStore that fills it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, JobState, Released, Yielded
from shared.core.priority import Priority
from shared.core.queue import MOST_WAITS, Pause, Place
from shared.core.terms import Terms
from tests.stores import ERROR, LEASE, SHORT, Stores


def walked(stores: Stores, limit: int) -> list[str]:
    """The ids that a walk in parts of `limit` meets."""
    found: list[str] = []
    after: Place | None = None
    while part := stores.queue.walk(limit, after=after):
        assert len(part) <= limit
        found += [job.id for _, job in part]
        after = part[-1][0]
    return found


def test_an_empty_queue_is_told_as_such(stores: Stores) -> None:
    view = stores.queue.look()
    assert (None, 0, 0, 0, timedelta(0), []) == (
        view.pause,
        view.waiting,
        view.running,
        view.alive,
        view.oldest,
        list(view.waits),
    )


def test_a_paused_queue_hands_out_nothing_and_takes_new_jobs(stores: Stores) -> None:
    first = stores.add()
    pause = stores.queue.pause("the cooling is off")
    second = stores.add()

    assert None is stores.jobs.claim(new_attempt_id(), LEASE)
    assert pause == stores.queue.look().pause
    assert "the cooling is off" == pause.reason
    assert (2, True) == (stores.jobs.depth().waiting, stores.jobs.depth().paused)

    stores.queue.resume()
    assert [first.id, second.id] == [stores.claim()[0].id for _ in range(2)]
    assert (None, False) == (stores.queue.look().pause, stores.jobs.depth().paused)


def test_who_holds_a_job_keeps_it_while_the_queue_is_paused(stores: Stores) -> None:
    stores.add()
    job, attempt = stores.claim()
    stores.queue.pause("")

    assert job == stores.jobs.claim(attempt, LEASE)  # its answer may have been lost
    assert job == stores.jobs.renew(job.id, attempt, LEASE)
    stores.jobs.apply(job.id, Yielded(attempt))
    assert None is stores.jobs.claim(new_attempt_id(), LEASE)


def test_paused_again_it_keeps_its_time_and_takes_the_new_reason(stores: Stores) -> None:
    first = stores.queue.pause("one")
    stores.wait(timedelta(milliseconds=5))
    assert Pause(first.since, "two") == stores.queue.pause("two") == stores.queue.look().pause


def test_resuming_what_was_not_paused_is_no_error(stores: Stores) -> None:
    stores.queue.resume()
    stores.queue.resume()
    stores.add()
    stores.claim()


def test_workers_alive_are_those_whose_lease_runs(stores: Stores) -> None:
    for lease in (LEASE, LEASE, SHORT):
        stores.add()
        stores.claim(lease)
    stores.wait(2 * SHORT)
    view = stores.queue.look()
    assert (3, 2, 0) == (view.running, view.alive, view.waiting)


def test_the_wait_for_the_first_worker_is_remembered_and_no_later_one(stores: Stores) -> None:
    for age in (7, 90):
        at = stores.jobs.now() - timedelta(seconds=age)
        stores.add(created_at=at, queued_at=at)
    for _ in range(2):
        job, attempt = stores.claim()
        stores.jobs.apply(job.id, Yielded(attempt))
        stores.claim()
    assert [7, 90] == sorted(int(wait.total_seconds()) for wait in stores.queue.look().waits)


def test_no_more_than_the_newest_waits_are_kept(stores: Stores) -> None:
    for n in range(MOST_WAITS + 20):
        at = stores.jobs.now() - timedelta(hours=n)
        job = stores.add(created_at=at, webhook=None)
        stores.claim()
        stores.jobs.apply(job.id, CancelRequested())
    waits = stores.queue.look().waits
    assert (MOST_WAITS, 20) == (len(waits), min(int(wait.total_seconds()) for wait in waits) // 3600)


def test_a_walk_meets_every_queued_job_once_in_order(stores: Stores) -> None:
    now = stores.jobs.now()
    jobs = [stores.add(queued_at=now + timedelta(seconds=n // 3)) for n in range(10)]
    jobs.sort(key=lambda job: (job.queued_at, job.id))
    for limit in (1, 2, 4, 10, 100):
        assert [job.id for job in jobs] == walked(stores, limit)


def test_a_walk_that_takes_jobs_away_misses_none(stores: Stores) -> None:
    for _ in range(7):
        stores.add()
    after, met = None, 0
    while part := stores.queue.walk(2, after=after):
        for _, job in part:
            stores.jobs.apply(job.id, CancelRequested())
            met += 1
        after = part[-1][0]
    assert (7, 0) == (met, stores.jobs.depth().waiting)


def test_a_walk_meets_jobs_whose_time_has_not_come_and_none_that_runs(stores: Stores) -> None:
    later = stores.add()
    _, attempt = stores.claim()
    stores.jobs.apply(later.id, Released(attempt, ERROR))
    stores.add()
    running, _ = stores.claim()
    assert [later.id] == walked(stores, 10)
    assert JobState.RUNNING is running.state


def test_jobs_that_come_at_the_same_time_stand_one_behind_the_other(stores: Stores) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: stores.add(tenant="ada"), range(40)))
    for _ in range(3):
        stores.add(tenant="bob")
    assert ["ada", "bob"] * 3 + ["ada"] * 4 == [stores.claim()[0].tenant for _ in range(10)]


def test_the_queue_tells_how_many_wait_of_each_priority_and_how_long_the_first(stores: Stores) -> None:
    now = stores.jobs.now()
    for n, priority in enumerate([Priority.LOW, Priority.HIGH, Priority.LOW]):
        stores.add(terms=Terms(priority=priority), queued_at=now - timedelta(hours=n))
    view = stores.queue.look()
    assert {Priority.LOW: 2, Priority.NORMAL: 0, Priority.HIGH: 1} == view.by_priority
    assert timedelta(hours=2) <= view.oldest < timedelta(hours=3)
    assert Priority.HIGH is stores.claim()[0].terms.priority
    assert {Priority.LOW: 2, Priority.NORMAL: 0, Priority.HIGH: 0} == stores.queue.look().by_priority


def test_a_job_that_was_cancelled_has_cost_its_tenant_no_turn(stores: Stores) -> None:
    for job in [stores.add(tenant="ada") for _ in range(20)]:
        stores.jobs.apply(job.id, CancelRequested())
    for tenant in ("ada", "ada", "bob", "bob"):
        stores.add(tenant=tenant)
    assert ["ada", "bob", "ada", "bob"] == [stores.claim()[0].tenant for _ in range(4)]

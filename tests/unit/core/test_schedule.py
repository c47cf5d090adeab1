"""The queue's order."""

from dataclasses import replace

from shared.core.job import Job, JobError, Released
from shared.core.schedule import rank
from tests.unit.core.samples import AFTER_LOSS, AFTER_YIELD, CLAIMED, NOON, QUEUED, SECOND, after

NEWCOMER = replace(QUEUED, id="video_new", queued_at=NOON + SECOND, changed_at=NOON + SECOND)


def test_who_came_first_is_drawn_first():
    assert [QUEUED, NEWCOMER] == sorted([NEWCOMER, QUEUED], key=rank)


def test_a_job_that_yielded_stands_behind_those_that_came_meanwhile():
    assert [NEWCOMER, AFTER_YIELD] == sorted([AFTER_YIELD, NEWCOMER], key=rank)


def test_a_job_whose_worker_was_lost_keeps_its_place():
    assert [AFTER_LOSS, NEWCOMER] == sorted([NEWCOMER, AFTER_LOSS], key=rank)


def test_a_job_whose_attempt_broke_lets_others_go_first():
    assert [NEWCOMER, broken(1)] == sorted([broken(1), NEWCOMER], key=rank)


def test_what_broke_a_job_has_twice_as_long_to_mend_each_time():
    waits = [rank(broken(times)) - broken(times).changed_at for times in (1, 2, 3)]

    assert [10 * SECOND, 20 * SECOND, 40 * SECOND] == waits


def broken(times: int) -> Job:
    """A job that was claimed and released so often."""
    released = Released("a", JobError("temporary_error", "the store was away"))
    return after(*[CLAIMED, released] * times, job=replace(QUEUED, max_losses=9))

"""How often a caller is told to look."""

import pytest

from shared.core.job import JobState
from shared.core.pace import poll_after_ms


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.CANCELLING])
def test_a_job_that_is_worked_on_is_worth_a_look_each_second(state):
    assert 1000 == poll_after_ms(state, None)


@pytest.mark.parametrize("state", [state for state in JobState if state.is_final])
def test_a_job_that_is_over_is_not_worth_another_look(state):
    assert None is poll_after_ms(state, None)


@pytest.mark.parametrize(("position", "pace"), [(0, 1000), (4, 2000), (36, 10_000), (37, 10_000), (10**9, 10_000)])
def test_the_farther_back_in_the_queue_the_less_often(position, pace):
    assert pace == poll_after_ms(JobState.QUEUED, position)


def test_a_job_that_just_left_the_queue_is_not_kept_waiting():
    assert 1000 == poll_after_ms(JobState.QUEUED, None)

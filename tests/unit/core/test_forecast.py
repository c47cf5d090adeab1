"""When a video will be there: from the work before it, the workers, and its own pace."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.estimate import COLD_START_S, estimate
from shared.core.forecast import AWAKE, Forecast, Outlook, left_s
from shared.core.job import JobState
from shared.core.progress import Phase, Progress
from shared.core.run import Run
from shared.core.standing import Standing
from shared.core.timings import Timings
from shared.core.work import Work, architecture
from tests.unit.core.samples import AFTER_LOSS, IN_STATE, NOON, QUEUED, SECOND

WORK = Work.of(QUEUED.request)
PRIOR = architecture(WORK.model).seconds(WORK)
RUNNING = IN_STATE[JobState.RUNNING]


def took(seconds: float, *, gpu: str = "cpu", cold: float = 0.0) -> Run:
    return Run(work=WORK, gpu=gpu, seconds=seconds, cold_start_s=cold, at=NOON)


def forecast(*, runs=(), front=(), workers: int = 2, running: int = 0, paused: bool = False) -> Forecast:
    return Forecast.of(front, runs, workers=workers, waiting=len(front), running=running, paused=paused)


def eta(found: Forecast, position: int, *, after: float = 0.0) -> int | None:
    return found.outlook(Standing(QUEUED, position=position), NOON + after * SECOND).eta_s


TEN = [took(10.0)] * 5
"""Each video takes ten seconds."""


def test_a_job_for_which_a_worker_must_wake_waits_for_the_rest_of_the_cold_start():
    found = forecast(runs=[*TEN, took(10.0, cold=20.0)])

    assert [30, 25, 10, 10] == [eta(found, 0, after=seconds) for seconds in (0, 5, 20, 400)]
    assert Outlook(30, waking=True) == found.outlook(Standing(QUEUED, position=1), NOON)


def test_until_a_cold_start_was_felt_it_is_guessed():
    assert COLD_START_S + 10 == eta(forecast(runs=TEN), 0)


def test_a_job_waits_for_the_work_before_it_and_half_of_what_runs():
    found = forecast(runs=TEN, front=[QUEUED] * 6, running=2)

    assert [(10 + 10 * n) / 2 + 10 for n in range(6)] == [eta(found, n) for n in range(6)]
    assert not found.outlook(Standing(QUEUED, position=0), NOON).waking


def test_jobs_of_different_lengths_count_by_their_length():
    long = replace(QUEUED, request=replace(QUEUED.request, num_frames=163, num_inference_steps=100))
    found = forecast(runs=TEN, front=[long, QUEUED, QUEUED], workers=1, running=1)

    before = estimate(Work.of(long.request), TEN).p50_s
    assert eta(found, 1) - eta(found, 0) == pytest.approx(before, abs=1)
    assert eta(found, 2) - eta(found, 1) == pytest.approx(10, abs=1)


def test_those_who_were_not_looked_at_are_taken_to_be_like_the_others():
    found = forecast(runs=TEN, front=[QUEUED] * 3, workers=1, running=1)

    assert 10 * 1000 + 5 + 10 == eta(found, 1000)


def test_workers_that_were_called_long_ago_and_never_came_are_not_counted():
    """A cluster may have fewer GPUs than WAKE_LIMIT says."""
    runs = [*TEN, took(10.0, cold=20.0)]

    def seen(waited: float, running: int) -> Outlook:
        oldest = timedelta(seconds=waited)
        found = Forecast.of([QUEUED] * 3, runs, workers=8, waiting=3, running=running, oldest=oldest)
        return found.outlook(Standing(QUEUED, position=2), NOON)

    assert Outlook(30, waking=True) == seen(60, running=1)
    assert Outlook(2 * 10 + 5 + 10, waking=False) == seen(61, running=1)
    assert seen(61, running=0).waking, "somebody must come, or nobody ever draws"


def test_while_the_queue_is_held_nobody_can_say():
    held = forecast(runs=TEN, paused=True)
    assert Outlook() == held.outlook(Standing(QUEUED, position=0), NOON)
    assert held.next_wakes(NOON) is None


def test_a_worker_must_wake_for_the_next_video_unless_one_idles_or_all_are_taken():
    assert forecast().next_wakes(NOON)
    assert forecast(runs=TEN).next_wakes(TEN[0].at + AWAKE)
    assert not forecast(runs=TEN).next_wakes(TEN[0].at + AWAKE - SECOND)
    assert forecast(runs=TEN, running=1).next_wakes(TEN[0].at), "the one that is awake has something to do"
    assert not forecast(runs=TEN, running=2).next_wakes(NOON)


def test_a_job_that_was_released_is_left_alone_for_a_while():
    later = replace(AFTER_LOSS, losses=5, queued_at=NOON + timedelta(seconds=100))
    found = forecast(runs=[*TEN, took(10.0, cold=20.0)])

    assert 110 == found.outlook(Standing(later, position=0), NOON).eta_s


def test_nobody_is_told_to_wait_until_our_clock_has_reached_another():
    found = forecast(runs=[*TEN, took(10.0, cold=20.0)])

    assert eta(found, 0) == eta(found, 0, after=-300)


@pytest.mark.parametrize("state", sorted(set(JobState) - {JobState.QUEUED, JobState.RUNNING}))
def test_where_no_video_is_coming_or_it_is_there_nothing_is_foretold(state):
    assert Outlook() == forecast(runs=TEN).outlook(Standing(IN_STATE[state]), NOON)


def told(phase: Phase, step: int = 0, **changes) -> int | None:
    progress = replace(Progress(attempt="a", phase=phase, step=step, total_steps=4, gpu="cpu"), **changes)
    return forecast(runs=TEN).outlook(Standing(RUNNING, progress), NOON).eta_s


def test_a_job_that_was_just_taken_takes_what_such_jobs_take():
    assert 10 == forecast(runs=TEN).outlook(Standing(RUNNING), NOON).eta_s == told(Phase.ENCODING)


def test_a_drawing_is_judged_by_its_own_steps_as_soon_as_it_has_any():
    rest = estimate(WORK, TEN).rest_s
    slow = Timings(denoise_s=100.0)

    assert 3 * 100 + rest <= told(Phase.DENOISING, 1, timings=slow) < 3 * 100 + rest + 1
    assert 1 * 100 + rest <= told(Phase.DENOISING, 3, resumed_from=2, timings=slow) < 1 * 100 + rest + 1


def test_a_drawing_that_resumed_and_has_no_step_of_its_own_yet_is_judged_by_others():
    own = estimate(WORK, TEN)
    progress = Progress(attempt="a", phase=Phase.DENOISING, step=2, total_steps=4, resumed_from=2)

    assert own.denoise_s / 2 + own.rest_s == pytest.approx(left_s(progress, own))


def test_what_follows_the_steps_takes_less_and_less():
    assert told(Phase.DENOISING, 4) >= told(Phase.DECODING) >= told(Phase.UPLOADING) >= 1


def test_a_gpu_that_is_slower_than_the_others_takes_longer():
    runs = [took(10.0, gpu="fast")] * 10 + [took(40.0, gpu="slow")] * 10
    progress = Progress(attempt="a", phase=Phase.ENCODING, total_steps=4)
    etas = [
        forecast(runs=runs).outlook(Standing(RUNNING, replace(progress, gpu=gpu)), NOON).eta_s
        for gpu in ("fast", "slow", "new")
    ]

    assert [10, 40] == etas[:2]
    assert 10 <= etas[2] <= 40


@given(
    position=st.integers(0, 10**6),
    running=st.integers(0, 100),
    workers=st.integers(1, 100),
    front=st.integers(0, 5),
    age=st.integers(-(10**6), 10**6),
)
def test_whoever_stands_further_back_waits_no_less_and_everybody_waits_some_time(
    position, running, workers, front, age
):
    found = forecast(runs=TEN, front=[QUEUED] * front, workers=workers, running=running)
    here, behind = (eta(found, place, after=age) for place in (position, position + 1))

    assert 1 <= here
    assert here <= behind or found.must_wake(position) != found.must_wake(position + 1)

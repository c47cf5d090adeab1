"""What a completed job teaches: one run, or nothing where the measurement cannot be right."""

import math
from dataclasses import replace

import pytest

from shared.core import run as runs
from shared.core.job import JobState
from shared.core.timings import Timings
from shared.core.work import Work
from tests.unit.core.samples import IN_STATE, OUTPUT, REQUEST

TIMINGS = Timings(cold_start_s=40.0, load_s=25.0, prompt_s=0.5, denoise_s=8.0, decode_s=2.0, encode_s=1.0, upload_s=0.5)
MEASURED = replace(OUTPUT, timings=TIMINGS, gpu="NVIDIA H200")


def done(**changes):
    return replace(IN_STATE[JobState.COMPLETED], output=replace(MEASURED, **changes))


def test_a_completed_job_is_a_run():
    job = done()

    found = runs.of(job)

    assert (Work.of(REQUEST), "NVIDIA H200", 12.0, 40.0, job.changed_at) == (
        found.work,
        found.gpu,
        found.seconds,
        found.cold_start_s,
        found.at,
    )


def test_steps_that_another_attempt_drew_are_counted_at_the_pace_of_the_last():
    assert 8.0 * 4 / 1 + 4.0 == runs.of(done(resumed_from=3)).seconds


@pytest.mark.parametrize("state", sorted(set(JobState) - {JobState.COMPLETED}))
def test_a_job_without_a_video_teaches_nothing(state):
    assert runs.of(IN_STATE[state]) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"timings": None},
        {"timings": Timings()},
        {"timings": replace(TIMINGS, denoise_s=math.nan)},
        {"timings": replace(TIMINGS, denoise_s=math.inf)},
        {"timings": replace(TIMINGS, denoise_s=-50.0)},
        {"timings": replace(TIMINGS, denoise_s=runs.LONGEST_S)},
        {"resumed_from": 4},
        {"resumed_from": 5},
    ],
)
def test_what_was_not_measured_or_cannot_be_right_teaches_nothing(changes):
    assert runs.of(done(**changes)) is None


@pytest.mark.parametrize("cold", [None, math.nan, -1.0, math.inf])
def test_a_cold_start_that_cannot_be_right_is_none(cold):
    assert 0.0 == runs.of(done(timings=replace(TIMINGS, cold_start_s=cold))).cold_start_s


def test_a_name_of_a_gpu_has_an_end():
    assert runs.MAX_NAME == len(runs.of(done(gpu="x" * 1000)).gpu)
    assert "unknown" == runs.of(done(gpu=None)).gpu


@pytest.mark.parametrize(("guidance", "passes"), [(4.5, 2), (1.01, 2), (1.0, 1), (0.0, 1)])
def test_guidance_takes_a_second_pass(guidance, passes):
    assert passes == Work.of(replace(REQUEST, guidance_scale=guidance)).passes

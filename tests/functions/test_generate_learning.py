"""generate: each video teaches the next estimate, and tells how good the one before was."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from functions.generate.learning import learn
from shared.core.accuracy import Verdict
from shared.core.errors import Unavailable
from shared.core.estimate import estimate
from shared.core.job import Failed, JobError, JobState
from shared.core.timings import Timings
from shared.core.work import Work
from tests.functions.jobs import queue
from tests.functions.studio import LONG, watched
from tests.unit.core.samples import IN_STATE, OUTPUT


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"model": "mochi-1-tiny"} | labels) or 0.0


def counts() -> dict[str, float]:
    exceeded = {"exceeded": count("flipbook_estimates_exceeded_total")}
    return exceeded | {verdict: count("flipbook_estimates_total", verdict=verdict) for verdict in Verdict}


def gained(before: dict[str, float]) -> dict[str, float]:
    return {kind: number - before[kind] for kind, number in counts().items() if number != before[kind]}


def test_a_completed_video_is_a_run_for_the_next_estimate(services, studio):
    job = queue(services)
    studio.serve(watched())

    (run,) = services.runs.recent(["mochi-1-tiny"])

    assert (Work.of(job.request), "thin air", studio.job(job).changed_at) == (run.work, run.gpu, run.at)
    assert run.seconds == pytest.approx(estimate(run.work, [run]).p50_s)


def test_a_drawing_that_failed_teaches_nothing(services, studio, settings):
    before = counts()
    job = queue(services, max_losses=1)
    services.jobs.claim("a", settings.lease)
    services.jobs.apply(job.id, Failed("a", JobError("out_of_memory", "the GPU's memory was full")))
    studio.serve(watched())

    assert [] == services.runs.recent(["mochi-1-tiny"])
    assert {} == gained(before)


def taking(services, seconds: float):
    """A completed job that took so long, in the store's own time."""
    timings = Timings(prompt_s=0.0, denoise_s=seconds, decode_s=0.0, encode_s=0.0, upload_s=0.0)
    job = replace(IN_STATE[JobState.COMPLETED], changed_at=services.jobs.now())
    return replace(job, output=replace(OUTPUT, timings=timings, gpu="thin air"))


@pytest.mark.parametrize(
    ("earlier", "now", "expected"),
    [
        (10.0, 9.0, {"true_short": 1}),
        (10.0, 20.0, {"true_short": 1, "exceeded": 1}),
        (10.0, 40.0, {"false_short": 1, "exceeded": 1}),
        (40.0, 20.0, {"false_long": 1}),
        (40.0, 39.0, {"true_long": 1}),
    ],
)
def test_an_estimate_is_held_against_the_truth(services, earlier, now, expected):
    long = timedelta(seconds=30)
    for _ in range(10):
        learn(services.runs, taking(services, earlier), long=long)
    before, error = counts(), count("flipbook_estimate_error_ratio_sum")

    learn(services.runs, taking(services, now), long=long)

    assert expected == gained(before)
    assert abs(earlier - now) / now == pytest.approx(count("flipbook_estimate_error_ratio_sum") - error)
    assert 11 == len(services.runs.recent(["mochi-1-tiny"]))


class Away:
    """A store of runs that does not answer."""

    def recent(self, models):
        raise Unavailable("the job store does not answer")

    def add(self, run):
        raise Unavailable("the job store does not answer")


def test_a_run_that_cannot_be_kept_costs_nothing_else(services, studio):
    job, other = queue(services), queue(services)

    studio.serve(watched(), LONG, replace(services, runs=Away()))

    assert [JobState.COMPLETED] * 2 == [studio.job(job).state, studio.job(other).state]
    assert [] == [e for e in services.outbox.unsent(older_than=timedelta(0), limit=10) if "completed" in e.type]

"""What a finished drawing teaches: the next estimate, and how good the present one was."""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.core import accuracy
from shared.core import run as runs
from shared.core.errors import Unavailable
from shared.core.estimate import estimate
from shared.core.job import Job
from shared.ports import RunStore
from shared.telemetry import metrics

log = logging.getLogger(__name__)


def learn(store: RunStore, job: Job, *, long: timedelta) -> None:
    """Keep the job's run, after holding it against what would have been foretold without it. Worth no failure."""
    run = runs.of(job)
    if run is None:
        return
    try:
        foretold = estimate(run.work, store.recent([run.work.model]))
        store.add(run)
    except Unavailable as error:
        log.debug("run not kept", extra={"job": job.id, "error": error})
        return
    verdict = accuracy.verdict(foretold, run.seconds, long.total_seconds())
    metrics.ESTIMATES.labels(run.work.model, verdict).inc()
    metrics.ESTIMATE_ERROR.labels(run.work.model).observe(accuracy.relative_error(foretold, run.seconds))
    if run.seconds > foretold.p90_s:
        metrics.ESTIMATES_EXCEEDED.labels(run.work.model).inc()
    metrics.GPU_SECONDS.labels(run.work.model).observe(run.seconds)

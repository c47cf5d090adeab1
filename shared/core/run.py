"""What one finished video cost. Some of the latest are kept, so that the next ones can be foretold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.core.job import Job
from shared.core.work import Work

LONGEST_S: Final = 7 * 86_400.0
"""A measurement beyond it is none."""
MAX_NAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The GPU time of one video."""

    work: Work
    gpu: str
    seconds: float
    """From its claim to its upload, as if one attempt had drawn all of it."""
    cold_start_s: float
    """How long its job waited for a worker that had to be started; 0: one was there."""
    at: datetime


def of(job: Job) -> Run | None:
    """The run of a completed job; None if it was not measured, or cannot have been right."""
    output = job.output
    if output is None or output.timings is None or output.timings.denoise_s is None:
        return None
    work, timings = Work.of(job.request), output.timings
    drawn = work.steps - output.resumed_from
    if drawn <= 0:
        return None
    seconds = timings.per_job_s + output.timings.denoise_s * work.steps / drawn
    if not math.isfinite(seconds) or not 0 < seconds <= LONGEST_S:
        return None
    return Run(
        work=work,
        gpu=(output.gpu or "unknown")[:MAX_NAME],
        seconds=seconds,
        cold_start_s=_bounded(timings.cold_start_s),
        at=job.changed_at,
    )


def _bounded(seconds: float | None) -> float:
    return seconds if seconds is not None and 0 < seconds <= LONGEST_S else 0.0

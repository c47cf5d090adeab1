"""Which queued job is drawn next."""

from __future__ import annotations

from datetime import datetime

from shared.core.job import Job


def rank(job: Job) -> datetime:
    """The queue's order, smallest first: who has waited longest since joining. Nobody is taken before that time.

    A job that yielded joins again at the back, so a short job never waits for more than one
    slice of a long one; a job whose worker was lost keeps its place.
    """
    return job.queued_at

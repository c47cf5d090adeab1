"""Asking again for a video that did not come. Not to be confused with lost attempts, which a job survives itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.core.errors import Conflict
from shared.core.job import Job, JobState
from shared.core.priority import Priority


def retried(
    job: Job, *, job_id: str, at: datetime, queue_ttl: timedelta, max_losses: int, most_urgent: Priority = Priority.HIGH
) -> Job:
    """A new queued job with the wish of `job`, seed and terms and all; only not more urgent than its caller may ask.

    It may wait as long as `job` might. But an event's `expirytime` is a point in time, not a length: what an event
    asked for gets the whole `queue_ttl` when it is asked for again.

    Raises:
        Conflict: `job` has not ended, or has its video (code `not_retriable`).
    """
    if not job.state.is_final:
        raise Conflict(f"{job.id} is {job.state}; only what has ended can be asked for again", code="not_retriable")
    if job.state is JobState.COMPLETED:
        raise Conflict(f"{job.id} is completed; its video is there", code="not_retriable")
    span = queue_ttl if job.cause is not None else min(queue_ttl, job.expires_at - job.created_at)
    return Job(
        id=job_id,
        tenant=job.tenant,
        request=job.request,
        webhook=job.webhook,
        webhook_endpoint=job.webhook_endpoint,
        upload_url=job.upload_url,
        metadata=job.metadata,
        terms=replace(job.terms, priority=min(job.terms.priority, most_urgent, key=lambda each: each.level)),
        retried_from=job.id,
        remixed_from=job.remixed_from,
        created_at=at,
        queued_at=at,
        changed_at=at,
        expires_at=at + span,
        max_losses=max_losses,
    )

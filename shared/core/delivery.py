"""A callback on its way: when it is tried, what counts as received, when it is given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.core.ids import delivery_id, event_id
from shared.core.job import Job, JobState

_OPENAI_TYPES: Final = {
    JobState.COMPLETED: "video.completed",
    JobState.FAILED: "video.failed",
    JobState.CANCELLED: "video.cancelled",
    JobState.EXPIRED: "video.expired",
}

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The waits after the first, immediate try (Standard Webhooks 1.0.0, "Retries")."""
JITTER: Final = 0.2
"""A wait is stretched by up to this share, so that a receiver's return is not a stampede."""
MAX_RETRY_AFTER: Final = timedelta(hours=1)


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One callback for one event. `body` is set before the first POST and never changes after."""

    id: str
    job_id: str
    tenant: str
    event_id: str
    event_type: str
    url: str
    created_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    body: str | None = None
    last_status: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one POST came to: the receiver's status, or the class of the fault without one."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None


def of(job: Job) -> Delivery | None:
    """The callback that `job`'s present, final state asks for, if its caller wanted one."""
    event_type = _OPENAI_TYPES.get(job.state)
    if event_type is None or job.webhook is None:
        return None
    if job.webhook.events and event_type not in job.webhook.events:
        return None
    return Delivery(
        id=delivery_id(job.id, job.version),
        job_id=job.id,
        tenant=job.tenant,
        event_id=event_id(job.id, job.version),
        event_type=event_type,
        url=job.webhook.url,
        created_at=job.changed_at,
        due_at=job.changed_at,
    )


def after(delivery: Delivery, reply: Reply, at: datetime, *, chance: float) -> Delivery:
    """The delivery after one more POST, answered by `reply`; `chance` in [0, 1) spreads the next try.

    Only 2xx is success; a redirect is a failure; 410 says that nobody will ever listen there.
    """
    tried = replace(delivery, attempts=delivery.attempts + 1, last_status=reply.status, last_error=reply.error)
    if reply.status is not None and 200 <= reply.status < 300:
        return replace(tried, state=DeliveryState.DELIVERED)
    if reply.status == 410 or delivery.attempts >= len(SCHEDULE):
        return replace(tried, state=DeliveryState.ABANDONED)
    wait = SCHEDULE[delivery.attempts] * (1 + JITTER * chance)
    if reply.retry_after is not None:
        wait = max(wait, min(reply.retry_after, MAX_RETRY_AFTER))
    return replace(tried, due_at=at + wait)

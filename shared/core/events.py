"""What the platform tells the world, as CloudEvents 1.0; pure data, no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from shared.core.ids import event_id
from shared.core.job import Job, JobState

SOURCE: Final = "/flipbook"
"""CloudEvents `source`: with `id` it identifies an event."""

REQUESTED: Final = "dev.flipbook.video.requested.v1"
"""The only one that comes from outside: its data is the body of POST /v1/videos."""
QUEUED: Final = "dev.flipbook.video.queued.v1"
"""There is work. It names a job, but decides nothing about it. With a bell it wakes a GPU."""
BELL: Final = "bell"
RING: Final = "ring"
"""The extension attribute, and its value, that generate's Trigger listens for."""
STARTED: Final = "dev.flipbook.video.started.v1"
COMPLETED: Final = "dev.flipbook.video.completed.v1"
FAILED: Final = "dev.flipbook.video.failed.v1"
CANCELLED: Final = "dev.flipbook.video.cancelled.v1"
EXPIRED: Final = "dev.flipbook.video.expired.v1"
DELIVERIES_DUE: Final = "dev.flipbook.deliveries.due.v1"
"""Wakes notify for callbacks whose time has come. recover rings it."""
TICK: Final = "dev.knative.sources.ping"
"""PingSource's type: wakes recover."""

_TYPES: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: QUEUED,
    JobState.RUNNING: STARTED,
    JobState.COMPLETED: COMPLETED,
    JobState.FAILED: FAILED,
    JobState.CANCELLED: CANCELLED,
    JobState.EXPIRED: EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `source` + `id` are its identity: a duplicate has the same ones."""

    id: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    source: str = SOURCE
    extensions: Mapping[str, str] = field(default_factory=dict)


def of(job: Job) -> Event | None:
    """The event that tells of the change which brought `job` to its present state and version.

    Carries no prompt: events pass through brokers, logs and dead-letter sinks.
    """
    type_ = _TYPES.get(job.state)
    if type_ is None or (type_ == STARTED and job.attempts > 1):
        return None
    return Event(
        id=event_id(job.id, job.version),
        type=type_,
        subject=job.id,
        time=job.changed_at,
        data=_data(job),
        extensions=_origin(job),
    )


def rung(event: Event) -> Event:
    """`event` as a wake-up."""
    return replace(event, extensions={**event.extensions, BELL: RING})


def wake_up(job_id: str, at: datetime) -> Event:
    """Ring again for a queued job that nobody works on."""
    return Event(
        id=f"{event_id(job_id, 0)}_{int(at.timestamp())}",
        type=QUEUED,
        subject=job_id,
        time=at,
        data={"id": job_id, "object": "video", "state": JobState.QUEUED.value},
        extensions={BELL: RING},
    )


def deliveries_due(at: datetime) -> Event:
    """Ring for callbacks that are due."""
    return Event(
        id=f"evt_deliveries_{int(at.timestamp() * 1000)}", type=DELIVERIES_DUE, subject="deliveries", time=at, data={}
    )


def _origin(job: Job) -> dict[str, str]:
    """What of the event that asked for the job goes on with it."""
    named = {"causationid": job.cause, "traceparent": job.traceparent}
    return {name: value for name, value in named.items() if value is not None}


def _data(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "object": "video",
        "model": job.request.model,
        "state": job.state.value,
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
        "created_at": int(job.created_at.timestamp()),
        "finished_at": int(job.finished_at.timestamp()) if job.finished_at else None,
    }

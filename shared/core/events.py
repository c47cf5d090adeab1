"""What the platform tells the world, as CloudEvents 1.0; pure data, no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from shared.core.ids import event_id
from shared.core.job import Job, JobState
from shared.core.progress import Progress

SOURCE: Final = "/flipbook"
"""CloudEvents `source`: with `id` it identifies an event."""

REQUESTED: Final = "dev.flipbook.video.requested.v1"
"""From outside: its data is the body of POST /v1/videos."""
CANCEL: Final = "dev.flipbook.video.cancel.v1"
"""From outside: its data names the video that nobody wants any more."""
ACCEPTED: Final = "dev.flipbook.video.accepted.v1"
"""The reply to a request, for who prefers one. It is sent to nobody else."""
QUEUED: Final = "dev.flipbook.video.queued.v1"
"""There is work. It names a job, but decides nothing about it. With a bell it wakes a GPU."""
BELL: Final = "bell"
RING: Final = "ring"
"""The extension attribute, and its value, that generate's Trigger listens for."""
HOPS: Final = "flipbookhops"
"""The extension attribute that counts how often a dead event has been sent again."""
STARTED: Final = "dev.flipbook.video.started.v1"
PROGRESS: Final = "dev.flipbook.video.progress.v1"
"""A video gets on, and somebody asked to hear of it: wakes notify. Nothing rests on it, and it may be lost."""
TELL_STARTED: Final = "video.started"
TELL_PROGRESS: Final = "video.progress"
"""What of it is to be told, in OpenAI's way of naming."""
COMPLETED: Final = "dev.flipbook.video.completed.v1"
FAILED: Final = "dev.flipbook.video.failed.v1"
CANCELLED: Final = "dev.flipbook.video.cancelled.v1"
EXPIRED: Final = "dev.flipbook.video.expired.v1"
DELIVERIES_DUE: Final = "dev.flipbook.deliveries.due.v1"
"""Wakes notify for callbacks whose time has come. recover rings it."""
CONTEXT: Final = ("sequence", "correlationid", "causationid", "traceparent", "tracestate")
"""The extension attributes that callbacks carry too: what comes first, and whose request it was."""
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


def schema(type_: str) -> str:
    """The name of the JSON Schema of its data (eventing/schemas/)."""
    return f"urn:flipbook:schema:{type_}"


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
        # CloudEvents' extension "sequence": compared as text, hence the zeros.
        extensions={"sequence": f"{job.version:010d}", **_origin(job)},
    )


def progressed(job: Job, tell: str, progress: Progress | None, at: datetime, number: int) -> Event:
    """The `number`-th word about a job that is being drawn under this version."""
    return Event(
        id=f"{event_id(job.id, job.version)}_p{number}",
        type=PROGRESS,
        subject=job.id,
        time=at,
        data={
            "id": job.id,
            "object": "video",
            "tell": tell,
            "phase": progress.phase.value if progress else None,
            "step": progress.step if progress else None,
            "total_steps": job.request.num_inference_steps,
        },
        # Behind what told of this version, before what tells of the next.
        extensions={"sequence": f"{job.version:010d}.{number:06d}", **_origin(job)},
    )


def accepted(job: Job) -> Event:
    """What answers the event that asked for `job`: the same however often it comes, and whatever the job became."""
    return Event(
        id=f"{event_id(job.id, 0)}_accepted",
        type=ACCEPTED,
        subject=job.id,
        time=job.created_at,
        data={
            "id": job.id,
            "object": "video",
            "model": job.request.model,
            "created_at": int(job.created_at.timestamp()),
        },
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
    """What groups the job's events, and what of the event that asked for it goes on with them."""
    named = {"causationid": job.cause, "traceparent": job.traceparent, "tracestate": job.tracestate}
    return {"correlationid": job.correlation or job.id} | {k: v for k, v in named.items() if v is not None}


def _data(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "object": "video",
        "model": job.request.model,
        "state": job.state.value,
        "content": f"/v1/videos/{job.id}/content" if job.state is JobState.COMPLETED else None,
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
        "created_at": int(job.created_at.timestamp()),
        "finished_at": int(job.finished_at.timestamp()) if job.finished_at else None,
    }

"""A job and the life it may lead.

Rule 1: everything that decides a job's next state stands in this file.
Rule 2: this file knows neither who asks, nor where jobs are kept, nor what time it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.core.change import (
    TIMEOUT,
    AttemptsExhausted,
    Cancelled,
    CancelRequested,
    Change,
    Claimed,
    Completed,
    Expired,
    Failed,
    JobError,
    LeaseExpired,
    Purged,
    Released,
    TimedOut,
    Yielded,
)
from shared.core.errors import IllegalChange, StaleAttempt
from shared.core.output import Output
from shared.core.request import VideoRequest
from shared.core.terms import Terms

__all__ = [
    "RELEASE_DELAY",
    "TRANSITIONS",
    "AttemptsExhausted",
    "CancelRequested",
    "Cancelled",
    "Change",
    "Claimed",
    "Completed",
    "Expired",
    "Failed",
    "Job",
    "JobError",
    "JobState",
    "LeaseExpired",
    "Purged",
    "Released",
    "TimedOut",
    "Webhook",
    "Yielded",
    "advance",
    "discard",
    "grew_from",
    "release_delay",
]
# The changes too: who changes a job needs both.

RELEASE_DELAY: Final = timedelta(seconds=10)
"""Before a released job may be claimed again the first time; doubles with each loss."""
_DOUBLINGS: Final = 8
"""At most: 43 minutes, however many losses a job may have."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        return not TRANSITIONS[self]

    @property
    def is_owned(self) -> bool:
        """Whether an attempt holds the job in this state."""
        return self in (JobState.RUNNING, JobState.CANCELLING)


TRANSITIONS: Final[Mapping[JobState, Mapping[type, JobState]]] = {
    JobState.QUEUED: {
        Claimed: JobState.RUNNING,
        CancelRequested: JobState.CANCELLED,
        Purged: JobState.CANCELLED,
        Expired: JobState.EXPIRED,
        TimedOut: JobState.FAILED,
    },
    JobState.RUNNING: {
        Yielded: JobState.QUEUED,
        Released: JobState.QUEUED,
        LeaseExpired: JobState.QUEUED,
        AttemptsExhausted: JobState.FAILED,
        CancelRequested: JobState.CANCELLING,
        Completed: JobState.COMPLETED,
        Failed: JobState.FAILED,
        TimedOut: JobState.FAILED,
    },
    JobState.CANCELLING: {
        Cancelled: JobState.CANCELLED,
        Completed: JobState.COMPLETED,  # it was done before it heard of the wish
        # However else the worker stops, the wish is fulfilled.
        Yielded: JobState.CANCELLED,
        Released: JobState.CANCELLED,
        LeaseExpired: JobState.CANCELLED,
        Failed: JobState.CANCELLED,
    },
    JobState.COMPLETED: {},
    JobState.FAILED: {},
    JobState.CANCELLED: {},
    JobState.EXPIRED: {},
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the caller wants to hear of the end, and of which ends (empty: all)."""

    url: str
    events: tuple[str, ...] = ()
    sealed: str | None = None
    """Its own secret and headers (confidence.py), if it was given any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One wish for one video. Changed only by `advance`."""

    id: str
    tenant: str
    request: VideoRequest
    webhook: Webhook | None = None
    webhook_endpoint: str | None = None
    """The registered endpoint that hears of every end of it, whatever else that endpoint hears of."""
    upload_url: str | None = None
    """Where the video is PUT when it is there. Whoever knows its query may write there (upload.told)."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    terms: Terms = Terms()
    retried_from: str | None = None
    """The job that ended without a video and is asked for again by this one."""
    remixed_from: str | None = None
    """The job whose request this one repeats with another prompt."""
    cause: str | None = None
    """The id of the event that asked for it."""
    traceparent: str | None = None
    """The trace that it belongs to (W3C Trace Context)."""
    tracestate: str | None = None
    """What the tracers along the way want to hear again with it."""
    correlation: str | None = None
    """The `correlationid` of the event that asked for it; None: its own id stands for it."""

    created_at: datetime
    expires_at: datetime
    """When it leaves the queue unclaimed."""
    queued_at: datetime
    """Since when it waits; once it was released, from when on it may be claimed. A lost worker does not change it."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    changed_at: datetime
    """When it came to its present state and version."""

    state: JobState = JobState.QUEUED
    version: int = 0
    """How many changes it has seen: the suffix that makes its events' ids unique."""
    attempt: str | None = None
    """The fence of the worker that holds it; None while nobody does."""
    attempts: int = 0
    """How often it was claimed, slices included."""
    losses: int = 0
    max_losses: int = 3

    output: Output | None = None
    error: JobError | None = None
    discarded: bool = False
    """Its caller wants it gone: nobody sees it any more, and its record goes as soon as it is final."""

    @property
    def deadline(self) -> datetime | None:
        """When it fails if it is not done."""
        return None if self.terms.timeout is None else self.created_at + self.terms.timeout


def advance(job: Job, change: Change, at: datetime) -> Job:
    """Return `job` as it stands after `change`, which happened `at`.

    Raises:
        StaleAttempt: Another attempt than the change's owns the job, or none does.
        IllegalChange: The table has no such step, or its time has not come.
    """
    attempt: str | None = None if isinstance(change, Claimed) else getattr(change, "attempt", None)
    if attempt is not None and attempt != job.attempt:
        raise StaleAttempt(f"{job.id} is {job.state} and not held by the attempt that spoke")

    if isinstance(change, TimedOut) and (job.deadline is None or at < job.deadline):
        raise IllegalChange(f"{job.id} has time yet")
    change = _last_loss(job, change)
    try:
        state = TRANSITIONS[job.state][type(change)]
    except KeyError:
        raise IllegalChange(f"{job.id} is {job.state}: it cannot be {type(change).__name__}") from None

    after: dict[str, Any] = {"state": state, "version": job.version + 1, "changed_at": at}
    if not state.is_owned:
        after["attempt"] = None
    match change:
        case Claimed(attempt=attempt):
            after |= {"attempt": attempt, "attempts": job.attempts + 1}
            after |= {"started_at": job.started_at or at}
        case Yielded():
            after |= {"queued_at": at}
        case Released():
            # What broke it may take a while to mend: later each time, and others go first.
            after |= {"losses": job.losses + 1, "queued_at": at + release_delay(job.losses + 1)}
        case LeaseExpired() | AttemptsExhausted():
            after |= {"losses": job.losses + 1}
        case Completed(output=output):
            after |= {"output": output}
    after |= {"error": _error(state, change), "finished_at": at if state.is_final else None}
    return replace(job, **after)


def release_delay(losses: int) -> timedelta:
    """How long a job that was just released, and has had so many losses, may not be claimed."""
    return RELEASE_DELAY * 2 ** min(losses - 1, _DOUBLINGS) if losses else timedelta(0)


def discard(job: Job) -> Job:
    """`job` as its caller no longer sees it. No change of state, and so no event: the work ends as it would."""
    return replace(job, discarded=True)


_CHANGING: Final = (
    *("queued_at", "started_at", "finished_at", "changed_at", "state", "version"),
    *("attempt", "attempts", "losses", "output", "error", "discarded"),
)
"""What `advance` and `discard` may set; everything else stays as it was created."""


def grew_from(job: Job, first: Job) -> bool:
    """Whether `job` is `first` after any number of changes: a repeated creation, not another job."""
    return replace(job, **{name: getattr(first, name) for name in _CHANGING}) == first


def _last_loss(job: Job, change: Change) -> Change:
    """Turn the loss that reaches the limit into the end it means."""
    if job.state is not JobState.RUNNING or job.losses + 1 < job.max_losses:
        return change
    match change:
        case Released(attempt=attempt, error=error):
            return AttemptsExhausted(attempt, error)
        case LeaseExpired(attempt=attempt):
            text = f"the worker was lost {job.max_losses} times while drawing this video"
            return AttemptsExhausted(attempt, JobError("worker_lost", text))
    return change


def _error(state: JobState, change: Change) -> JobError | None:
    match state:
        case JobState.FAILED if isinstance(change, Failed | AttemptsExhausted):
            return change.error
        case JobState.FAILED:
            return TIMEOUT
        case JobState.CANCELLED if isinstance(change, Purged):
            return JobError("job_cancelled", "the job was taken from the queue by the platform's owner")
        case JobState.CANCELLED:
            return JobError("job_cancelled", "the job was cancelled on request")
        case JobState.EXPIRED:
            return JobError("job_expired", "no worker was free before the job's time in the queue ran out")
    return None

"""What must be written together with a job: the rows and index entries that follow from it.

Every store derives them from here, so that no rule about them stands in a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core import delivery, events, schedule
from shared.core.delivery import Delivery
from shared.core.endpoint import Endpoint
from shared.core.events import Event
from shared.core.job import Job, JobState
from shared.core.schedule import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where a job must be found, given its state; None or False: it must not be found there."""

    listed: bool
    """In its tenant's list."""
    waits_since: datetime | None
    """Among those of its priority that wait, by this time."""
    turn: Turn | None
    """In the queue, which it joins so."""
    expiry: datetime | None
    """Among those that leave the queue at that time. A job that was ever claimed no longer does."""
    deadline: datetime | None
    """Among those that fail at that time, if they are not done. Who is being cancelled ends anyway."""
    holder: str | None
    """Among the leases, under this attempt."""
    removal: datetime | None
    """Among those whose record and artifacts go at that time."""


def kept(job: Job, retention: timedelta) -> timedelta:
    """How long `job` is kept after its end, where any is kept for `retention` at most."""
    wanted = job.terms.result_ttl
    return retention if wanted is None else min(wanted, retention)


def index(job: Job, retention: timedelta) -> Index:
    queued = job.state is JobState.QUEUED
    keep = timedelta(0) if job.discarded else kept(job, retention)
    return Index(
        listed=not job.discarded,
        waits_since=job.queued_at if queued else None,
        turn=schedule.turn(job) if queued else None,
        expiry=job.expires_at if queued and job.started_at is None else None,
        deadline=job.deadline if queued or job.state is JobState.RUNNING else None,
        holder=job.attempt,
        removal=job.finished_at + keep if job.finished_at else None,
    )


def remembered(job: Job, retention: timedelta) -> timedelta | None:
    """For how long it is known, once its record is gone, that there was a video; None: it is forgotten at once."""
    return None if job.output is None or job.discarded else kept(job, retention)


def event(job: Job) -> Event | None:
    """The outbox row of the change that led to `job`."""
    return events.of(job)


def wait(job: Job) -> timedelta | None:
    """How long the job had waited, if the change that led to it brought its first worker."""
    first = job.state is JobState.RUNNING and job.attempts == 1
    return max(job.changed_at - job.created_at, timedelta(0)) if first else None


def callbacks(job: Job, endpoints: Sequence[Endpoint]) -> tuple[Delivery, ...]:
    """The callbacks that the change which led to `job` owes; `endpoints` are all of its tenant's.

    Who did not look for the latter because the job is not final has missed nothing.
    """
    return tuple(delivery.owed(job, endpoints))

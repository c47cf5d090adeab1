"""Which queued job is drawn next: fair queueing by virtual time (self-clocked; S. J. Golestani, INFOCOM 1994).

Rule 1: a job that joins the queue is given a place, and the smallest place is drawn next. The clock
        of virtual time stands at the place of the job that was taken last.
Rule 2: jobs of one tenant and one priority are a flow. A new job's place is its cost behind the last one of
        its flow, or behind the clock if that is later. So flows take turns, whatever their length.
Rule 3: urgent jobs are cheap and slow ones dear, so short comes before long and high before low. The
        clock goes on all the while: who waits is overtaken by ever fewer, and nobody waits for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.core.job import Job, JobState
from shared.core.priority import Priority
from shared.core.work import Work, architecture

WEIGHTS: Final[Mapping[Priority, int]] = {Priority.LOW: 1, Priority.NORMAL: 16, Priority.HIGH: 256}
"""How many jobs of a class are drawn for one of the lowest, while each has some."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How a job joins the queue: so far behind the last one of `flow`; None: so far behind the clock."""

    cost: int
    flow: str | None


def turn(job: Job) -> Turn:
    """How `job`, which is queued, joins.

    A job that yielded joins behind a newcomer like it, but its flow has paid for it already. So a short job never
    waits for more than one slice of a long one. A job whose worker was lost is next: that was not its doing.
    """
    if not job.attempts:
        return Turn(cost(job), f"{job.tenant}/{job.terms.priority}")
    yielded = job.queued_at == job.changed_at
    return Turn(cost(job) + 1 if yielded else 0, None)


def unused(before: Job, after: Job) -> Turn | None:
    """What the flow of a job gets back, if it left the queue without ever being drawn."""
    undrawn = before.state is JobState.QUEUED and not before.attempts and after.state.is_final
    return turn(before) if undrawn else None


def cost(job: Job) -> int:
    """In microseconds of virtual time: what a GPU is taken to need (work.py), dearer the less urgent it is."""
    work = Work.of(job.request)
    seconds = architecture(work.model).seconds(work)
    return max(round(seconds * 1e6) * WEIGHTS[Priority.NORMAL] // WEIGHTS[job.terms.priority], 1)


def may_begin(job: Job, at: datetime) -> bool:
    """Whether `job` may be taken now. A job that was ever claimed no longer leaves the queue by its age."""
    waits = job.state is JobState.QUEUED and job.queued_at <= at and (job.deadline is None or job.deadline > at)
    return waits and (job.started_at is not None or job.expires_at > at)

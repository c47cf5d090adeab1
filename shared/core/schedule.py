"""Which queued job is drawn next: fair queueing by virtual time (self-clocked; S. J. Golestani, INFOCOM 1994).

Rule 1: a job that joins the queue is given a place, and the smallest place is drawn next. The clock
        of virtual time stands at the place of the job that was taken last.
Rule 2: jobs of one tenant and one priority are a flow. A new job's place is its cost behind the last one of
        its flow, or behind the clock if that is later. So flows take turns, whatever their length.
Rule 3: urgent jobs are cheap and slow ones dear, so short comes before long and high before low. The
        clock goes on all the while: who waits is overtaken by ever fewer, and nobody waits for ever.
Rule 4: a job that names its caller's user goes before jobs of other users of its flow, who then have equal parts
        of the flow's one share. It is never behind the place that rule 2 gives it, and so far before it at most (LEAD).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.core.job import Job, JobState, release_delay
from shared.core.priority import Priority
from shared.core.work import Work, architecture

WEIGHTS: Final[Mapping[Priority, int]] = {Priority.LOW: 1, Priority.NORMAL: 16, Priority.HIGH: 256}
"""How many jobs of a class are drawn for one of the lowest, while each has some."""
LEAD: Final = timedelta(hours=24)
"""GPU time of its own flow's jobs that a user's job may be drawn before. So much can a tenant that names ever new users
be ahead of its share, once, until its queue has been empty."""
_NAME: Final = "user"
"""The label that names the user, which is where OpenAI's `user` is kept."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How a job joins the queue: so far behind the last one of `flow`; None: so far behind the clock.

    Before that by `lead` at most, if it is of a `user`.
    """

    cost: int
    flow: str | None
    user: str | None = None
    lead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a user's job finds before it, in virtual time."""

    clock: int
    last: int
    """The place of the flow's last job; the clock's, if that is later."""
    own: int
    """The same of the user's last job."""
    others: int
    """Other users of whom a job waits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a user's job goes: `charge` behind the user's last job, or behind `start` if that is later."""

    start: int
    charge: int


def turn(job: Job) -> Turn:
    """How `job`, which is queued, joins.

    A job that yielded joins behind a newcomer like it, but its flow has paid for it already. So a short job never
    waits for more than one slice of a long one. A job whose worker was lost is next: that was not its doing.
    """
    if not job.attempts:
        flow, name = f"{job.tenant}/{job.terms.priority}", job.metadata.get(_NAME)
        if not name:
            return Turn(cost(job), flow)
        user = hashlib.sha256(name.encode()).hexdigest()[:32]
        return Turn(cost(job), flow, user, _weighed(LEAD.total_seconds(), job.terms.priority))
    yielded = job.queued_at == job.changed_at
    return Turn(cost(job) + 1 if yielded else 0, None)


def entry(turn: Turn, found: Flow) -> Entry:
    """Where a user's job goes, but never behind the end of its flow.

    Each of n users with work is charged n times what a job costs, so that together they get what one flow gets. How
    many they are is known only as each joins, and who came first was charged for fewer; hence the lead is limited.
    """
    # What is of no user, or was queued by a version that knew none, waits as one user.
    others = found.others or int(found.last > found.own)
    if not others:
        return Entry(found.last, turn.cost)
    charge = turn.cost * (others + 1)
    return Entry(max(found.clock, found.last + turn.cost - turn.lead - charge), charge)


def unused(before: Job, after: Job) -> Turn | None:
    """What the flow of a job gets back, if it left the queue without ever being drawn."""
    undrawn = before.state is JobState.QUEUED and not before.attempts and after.state.is_final
    return turn(before) if undrawn else None


def cost(job: Job) -> int:
    """In microseconds of virtual time: what a GPU is taken to need (work.py), dearer the less urgent it is."""
    work = Work.of(job.request)
    return _weighed(architecture(work.model).seconds(work), job.terms.priority)


def _weighed(seconds: float, priority: Priority) -> int:
    return max(round(seconds * 1e6) * WEIGHTS[Priority.NORMAL] // WEIGHTS[priority], 1)


def may_begin(job: Job, at: datetime) -> bool:
    """Whether `job` may be taken now. A job that was ever claimed no longer leaves the queue by its age."""
    waits = job.state is JobState.QUEUED and not rest(job, at) and (job.deadline is None or job.deadline > at)
    return waits and (job.started_at is not None or job.expires_at > at)


def rest(job: Job, at: datetime) -> timedelta:
    """How long `job`, which is queued, is still held back because it was released.

    A time that is further ahead was told by another clock, which was set back since or is another server's. No job
    waits until ours has caught up.
    """
    left = job.queued_at - at
    return left if timedelta(0) < left <= release_delay(job.losses) else timedelta(0)

"""The order of the queue (schedule.py) as Redis keeps it: commands that give places, and that move the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_commit import Command
from shared.core import schedule
from shared.core.job import Job
from shared.core.moment import micros, moment
from shared.core.priority import Priority
from shared.core.schedule import Turn

CLOCK: Final[Command] = ("ZSCORE", keys.FLOWS, keys.CLOCK)
"""Reads the clock, which is given to the functions below. It only goes forward, so an old one does no harm."""


FIRSTS: Final[tuple[Command, ...]] = tuple(
    ("ZRANGE", keys.waiting(priority), "0", "0", "WITHSCORES") for priority in Priority
)
"""Reads who has waited longest, for each priority: what `oldest` is told."""


def oldest(firsts: Sequence[Sequence[str]], at: datetime) -> timedelta:
    """How long the longest of them has waited."""
    since = [moment(float(first[1])) for first in firsts if first]
    return max(at - min(since), timedelta(0)) if since else timedelta(0)


def joining(job: Job, turn: Turn | None, at: datetime, clock: str | None) -> Iterator[Command]:
    """Give the job its place, if it has a turn. Those of one flow that come at the same time come one behind the other.

    The clock begins `at` the time when the first job joins.
    """
    if turn is None:
        return
    now = micros(at) if clock is None else int(float(clock))
    if clock is None:
        yield "ZADD", keys.FLOWS, "NX", str(now), keys.CLOCK
    if turn.flow is None:
        yield "ZADD", keys.QUEUE, str(now + turn.cost), job.id
        return
    yield "ZADD", keys.FLOWS, "GT", str(now), turn.flow
    yield "ZINCRBY", keys.FLOWS, str(turn.cost), turn.flow
    yield "ZADD", keys.QUEUE, 1, job.id


def leaving(before: Job, after: Job) -> Iterator[Command]:
    """Take the job from its place; what its flow paid for a job that was never drawn goes back."""
    yield "ZREM", keys.QUEUE, after.id
    unused = schedule.unused(before, after)
    if unused is not None and unused.flow is not None:
        yield "ZINCRBY", keys.FLOWS, str(-unused.cost), unused.flow


def taking(place: str) -> Iterator[Command]:
    """The job at `place` is drawn next: the clock goes on to there, and flows that it reaches are forgotten."""
    yield "ZREMRANGEBYSCORE", keys.FLOWS, "-inf", place
    yield "ZADD", keys.FLOWS, "GT", place, keys.CLOCK

"""The order of the queue (schedule.py) as Redis keeps it: commands that give places, and that move the clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import millis
from shared.adapters.redis_commit import Command, look
from shared.adapters.redis_connection import RedisConnection
from shared.core import schedule
from shared.core.job import Job
from shared.core.moment import micros, moment
from shared.core.priority import Priority
from shared.core.schedule import Entry, Flow, Turn

CLOCK: Final[Command] = ("ZSCORE", keys.FLOWS, keys.CLOCK)
"""Reads the clock, which is given to the functions below. It only goes forward, so an old one does no harm."""


_USERS_KEPT: Final = timedelta(days=1)
"""After the last of their jobs joined. Who is forgotten begins anew, with the flow's lead as before."""

FIRSTS: Final[tuple[Command, ...]] = tuple(
    ("ZRANGE", keys.waiting(priority), "0", "0", "WITHSCORES") for priority in Priority
)
"""Reads who has waited longest, for each priority: what `oldest` is told."""


def oldest(firsts: Sequence[Sequence[str]], at: datetime) -> timedelta:
    """How long the longest of them has waited."""
    since = [moment(float(first[1])) for first in firsts if first]
    return max(at - min(since), timedelta(0)) if since else timedelta(0)


def found(redis: RedisConnection, turn: Turn | None, at: datetime, clock: str | None) -> Flow | None:
    """What a user's job finds; None: nothing that matters to others'."""
    if turn is None or turn.flow is None or turn.user is None:
        return None
    now, users = _now(at, clock), keys.users(turn.flow)
    asked = ("ZSCORE", keys.FLOWS, turn.flow), ("ZSCORE", users, turn.user), ("ZCOUNT", users, f"({now}", "+inf")
    last, own, ahead = look(redis, *asked).replies
    last, own = (max(now, int(float(place or 0))) for place in (last, own))
    return Flow(clock=now, last=last, own=own, others=ahead - (own > now))


def joining(
    job: Job, turn: Turn | None, at: datetime, clock: str | None, flow: Flow | None = None
) -> Iterator[Command]:
    """Give the job its place, if it has a turn. Those of one flow that come at the same time come one behind the other.

    A user's job needs to know what it finds.

    The clock begins `at` the time when the first job joins.
    """
    if turn is None:
        return
    now = _now(at, clock)
    if clock is None:
        yield "ZADD", keys.FLOWS, "NX", str(now), keys.CLOCK
    if turn.flow is None:
        yield "ZADD", keys.QUEUE, str(now + turn.cost), job.id
        return
    yield "ZADD", keys.FLOWS, "GT", str(now), turn.flow
    yield "ZINCRBY", keys.FLOWS, str(turn.cost), turn.flow
    if turn.user is not None and flow is not None:
        yield from _among_users(keys.users(turn.flow), turn.user, schedule.entry(turn, flow), now)
    yield "ZADD", keys.QUEUE, 1, job.id


def _among_users(users: str, user: str, entry: Entry, now: int) -> Iterator[Command]:
    """Behind the reply that is the end of the flow: the last of these replies is the place."""
    yield "ZREMRANGEBYSCORE", users, "-inf", str(now)
    yield "ZADD", users, "GT", str(entry.start), user
    yield "PEXPIRE", users, millis(_USERS_KEPT)
    yield "ZINCRBY", users, str(entry.charge), user
    yield "ZADD", users, "LT", 5, user
    yield "ZINCRBY", users, "0", user


def _now(at: datetime, clock: str | None) -> int:
    return micros(at) if clock is None else int(float(clock))


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

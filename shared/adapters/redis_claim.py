"""Taking the best queued job from Redis: a window of the queue, each of its jobs tried in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_index, redis_turns
from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import JOB
from shared.adapters.redis_commit import Condition, commit, look
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_line import Line
from shared.core.caps import Caps
from shared.core.errors import IllegalChange, Unavailable
from shared.core.job import Claimed, Job, advance

_RACES: Final = 100
"""Windows in which others were faster before a claim gives up; each lost race means that another claimer won."""


def claim(redis: RedisConnection, attempt: str, lease: timedelta, retention: timedelta, caps: Caps) -> Job | None:
    """JobStore.claim. Three round trips: the window, its jobs, the commit; some more with a cap, or past overdue jobs.

    The walk ends with the queue, whose length is capped.
    """
    taker, line = _Taker(redis, attempt, lease, retention, caps), Line(redis, caps)
    races = 0
    while races < _RACES:
        (held, paused), ids = line.ahead(("GET", keys.claim(attempt)), ("EXISTS", keys.PAUSE))
        if held is not None and (job := taker.taken_before(held)) is not None:
            return job
        if not ids or paused:
            return None
        raced = False
        for text, place, at in line.free(ids):
            if (job := taker.take(text, place, at)) is not None:
                return job
            raced = True
        if raced:
            races += 1
            line.again()
    raise Unavailable("too many workers claim at the same time")


def waiting(redis: RedisConnection, limit: int, caps: Caps) -> Sequence[str]:
    """JobStore.waiting."""
    found: list[str] = []
    line = Line(redis, caps)
    while len(found) < limit:
        _, ids = line.ahead()
        if not ids:
            break
        found += [JOB.load(text).id for text, *_ in line.free(ids)]
    return found[:limit]


@dataclass(frozen=True, slots=True)
class _Taker:
    """One attempt that wants a job."""

    redis: RedisConnection
    attempt: str
    lease: timedelta
    retention: timedelta
    caps: Caps

    def taken_before(self, job_id: str) -> Job | None:
        """The job that this attempt took when the answer was lost, if it still holds it."""
        text = look(self.redis, ("GET", keys.job(job_id))).replies[0]
        job = JOB.load(text) if text is not None else None
        return job if job is not None and job.attempt == self.attempt else None

    def take(self, text: str, place: str, at: datetime) -> Job | None:
        """The job stored as `text`, from its place, held by this attempt; None if somebody else was faster."""
        before = JOB.load(text)
        try:
            after = advance(before, Claimed(self.attempt), at)
        except IllegalChange:
            return None  # it left the queue between the two looks
        wanted = JOB.dump_over(after, text)
        writes = [
            *redis_index.change(before, after, at, None, self.retention, lease=self.lease, text=wanted),
            *redis_turns.taking(place),
        ]
        most = self.caps.running_per_tenant
        room: list[Condition] = [("below", keys.leases_of(before.tenant), most)] if most else []
        stored = commit(self.redis, keys.job(before.id), text, wanted, writes, *room)
        now = JOB.load(stored) if stored is not None else None
        # Written now, or by a try whose answer was lost; then a cancellation may be on top of it.
        return now if now is not None and now.attempt == self.attempt else None

"""The queue as a worker may take from it: in its order, past overdue jobs and those of tenants at their cap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import JOB, pairs
from shared.adapters.redis_commit import Command, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core import schedule
from shared.core.caps import Caps
from shared.core.moment import micros

_WINDOW: Final = 16
_PASSING: Final = 256
"""Places behind the first window that are looked at together. Most of their jobs may be none to take, so only those are
read that are neither overdue nor of a tenant at its cap."""
_SOME: Final = 16
"""Leases of a tenant's that are held against the true ones when there seem to be too many."""


class Line:
    """One walk along the queue; `ahead` and `free` in turn, until there are no ids."""

    def __init__(self, redis: RedisConnection, caps: Caps) -> None:
        self._redis = redis
        self._caps = caps
        self._skip = 0
        self._places: dict[str, str] = {}
        """Of the ids in the window, in virtual time."""
        self._rooms: dict[str, int] = {}
        """How many more jobs may be drawn of each tenant that was met."""

    def ahead(self, *commands: Command) -> tuple[Sequence[Any], list[str]]:
        """What else was asked for at that instant, and the ids in the next window."""
        width = _PASSING if self._skip else _WINDOW
        window = ("ZRANGE", keys.QUEUE, str(self._skip), str(self._skip + width - 1), "WITHSCORES")
        view = look(self._redis, *commands, window)
        *replies, ranked = view.replies
        self._places = dict(pairs(ranked))
        return replies, list(self._places)

    def free(self, ids: Sequence[str]) -> Iterator[tuple[str, str, datetime]]:
        """Those of the jobs that may be taken, as stored, their places, and the server's time.

        The walk goes on behind them.
        """
        others = (self._others(ids) if self._skip else list(ids))[:_WINDOW]
        self._skip += ids.index(others[-1]) + 1 if len(others) == _WINDOW else len(ids)
        if not others:
            return
        view = look(self._redis, *(("GET", keys.job(job_id)) for job_id in others))
        jobs = [(text, JOB.load(text)) for text in view.replies if text is not None]
        self._meet({job.tenant for _, job in jobs})
        for text, job in jobs:
            if self._rooms.get(job.tenant, 1) > 0 and schedule.may_begin(job, view.at):
                if job.tenant in self._rooms:
                    self._rooms[job.tenant] -= 1
                yield text, self._places[job.id], view.at

    def again(self) -> None:
        """Begin at the head once more: others were faster."""
        self._skip = 0
        self._rooms.clear()

    def _capped(self) -> list[str]:
        return [tenant for tenant, room in self._rooms.items() if room <= 0]

    def _others(self, ids: Sequence[str]) -> list[str]:
        """Those that are not overdue by the index, and of no tenant that is known to be at its cap."""
        asked: list[Command] = [("ZMSCORE", key, *ids) for key in (keys.EXPIRIES, keys.DEADLINES)]
        asked += [("ZMSCORE", keys.queue_of(tenant), *ids) for tenant in self._capped()]
        view = look(self._redis, *asked)
        now = micros(view.at)
        return [
            job_id
            for job_id, expiry, deadline, *capped in zip(ids, *view.replies, strict=True)
            if not any(capped) and not any(end is not None and float(end) <= now for end in (expiry, deadline))
        ]

    def _meet(self, tenants: Iterable[str]) -> None:
        if not self._caps.running_per_tenant:
            return
        met = sorted(set(tenants) - self._rooms.keys())
        counts = look(self._redis, *(("ZCARD", keys.leases_of(tenant)) for tenant in met)).replies
        for tenant, running in zip(met, counts, strict=True):
            room = self._caps.running_per_tenant - running
            self._rooms[tenant] = room if room > 0 else room + self._dropped(tenant)

    def _dropped(self, tenant: str) -> int:
        """Drop entries that only seem to run, and say how many: a version that knows no `leases_of` ended them."""
        own = keys.leases_of(tenant)
        oldest = look(self._redis, ("ZRANGE", own, "0", str(_SOME - 1))).replies[0]
        ends = look(self._redis, ("ZMSCORE", keys.LEASES, *oldest)).replies[0] if oldest else ()
        stale = [holding for holding, end in zip(oldest, ends, strict=True) if end is None]
        if stale:
            write(self._redis, ("ZREM", own, *stale))
        return len(stale)

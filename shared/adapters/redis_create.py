"""Keeping a new job in Redis: once, however often it is asked for, and only where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.adapters import redis_index, redis_turns
from shared.adapters import redis_keys as keys
from shared.adapters.redis_answers import Answers
from shared.adapters.redis_codec import JOB, KEY_USE
from shared.adapters.redis_commit import Command, Condition, View, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core import reuse, schedule
from shared.core.caps import Caps
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, QueueFull, Unavailable
from shared.core.job import Job, grew_from
from shared.core.request_key import RequestKey, first, hold

_TRIES: Final = 20
"""How often others may come between our reading and our writing. Each time one of them got on."""
_SOME: Final = 16
"""Entries of a tenant's that are held against the queue when it seems to be full."""


@dataclass(frozen=True, slots=True)
class Creator:
    """JobStore.create. Two round trips: what is there already, and the commit; a user's job takes one more."""

    redis: RedisConnection
    retention: timedelta
    caps: Caps

    def create(self, job: Job, key: RequestKey | CountedCall | None) -> Job:
        for _ in range(_TRIES):
            clock, waiting, own, stored, *marks = (view := self._look(job, key)).replies
            found = self._there(job, key, stored, marks)
            if found is not None:
                return found
            earlier = self._drawn(job)
            if earlier is not None:
                if self._names(earlier, key, view.at, marks):
                    return earlier
                continue
            if not self._has_room(job.tenant, waiting, own):
                continue
            flow = redis_turns.found(self.redis, schedule.turn(job), view.at, clock)
            writes = redis_index.creation(job, key, view.at, clock, self.retention, flow=flow)
            if create(self.redis, list(self._conditions(job, key, marks)), writes):
                return job
        raise Unavailable(f"{job.id} is created too often at the same time")

    def made(self, tenant: str, key: RequestKey) -> Job | None:
        return self._made(key, look(self.redis, *_marks(tenant, key)).replies)

    def _look(self, job: Job, key: RequestKey | CountedCall | None) -> View:
        return look(
            self.redis,
            redis_turns.CLOCK,
            ("ZCARD", keys.QUEUE),
            ("ZCARD", keys.queue_of(job.tenant)),
            ("GET", keys.job(job.id)),
            *_marks(job.tenant, key),
        )

    def _there(
        self, job: Job, key: RequestKey | CountedCall | None, stored: str | None, marks: Sequence[Any]
    ) -> Job | None:
        """The job that this request made before, or an earlier one like it."""
        if isinstance(key, RequestKey) and (made := self._made(key, marks)) is not None:
            return made
        if stored is not None:
            return _same(JOB.load(stored), job)
        if isinstance(key, CountedCall) and key.tries and any(marks):
            return Answers(self.redis).give(job, key)
        return None

    def _made(self, key: RequestKey, marks: Sequence[Any]) -> Job | None:
        own, *whole = [None if mark is None else KEY_USE.load(mark) for mark in marks]
        for use in filter(None, whole):
            hold(key, use)
        return None if own is None else first(key, own, self._found(own.job_id))

    def _drawn(self, job: Job) -> Job | None:
        """A finished video that would do as well."""
        likeness = reuse.wanted(job)
        job_id = likeness and look(self.redis, ("GET", keys.drawn(job.tenant, likeness))).replies[0]
        earlier = self._found(job_id) if job_id else None
        return earlier if reuse.serves(job, earlier) else None

    def _names(self, job: Job, key: RequestKey | CountedCall | None, at: datetime, marks: Sequence[Any]) -> bool:
        """Let the key stand for an earlier job. False: somebody came under it meanwhile. A count stands for no such."""
        if not isinstance(key, RequestKey):
            return True
        return create(self.redis, list(_as_seen(job, key, marks)), list(redis_index.naming(job, key, at)))

    def _conditions(self, job: Job, key: RequestKey | CountedCall | None, marks: Sequence[Any]) -> Iterator[Condition]:
        yield "absent", keys.job(job.id)
        yield from _as_seen(job, key, marks)
        if self.caps.queued:
            yield "below", keys.QUEUE, self.caps.queued
        if self.caps.queued_per_tenant:
            yield "below", keys.queue_of(job.tenant), self.caps.queued_per_tenant

    def _has_room(self, tenant: str, waiting: int, own: int) -> bool:
        """False: look again, fewer wait than it seemed. Raises: QueueFull."""
        try:
            self.caps.admit(waiting=waiting, own=own)
        except QueueFull:
            if not self._dropped(tenant):
                raise
            return False
        return True

    def _dropped(self, tenant: str) -> bool:
        """Drop entries that only seem to wait: a version that knows no `queue_of` took them out of the queue."""
        own = keys.queue_of(tenant)
        oldest = look(self.redis, ("ZRANGE", own, "0", str(_SOME - 1))).replies[0]
        if not oldest:
            return False
        ranks = look(self.redis, ("ZMSCORE", keys.QUEUE, *oldest)).replies[0]
        stale = [job_id for job_id, rank in zip(oldest, ranks, strict=True) if rank is None]
        if stale:
            write(self.redis, ("ZREM", own, *stale))
        return bool(stale)

    def _found(self, job_id: str) -> Job | None:
        stored = look(self.redis, ("GET", keys.job(job_id))).replies[0]
        return None if stored is None else JOB.load(stored)


def _marks(tenant: str, key: RequestKey | CountedCall | None) -> Iterator[Command]:
    """Looks for what was made under the key before; a RequestKey's own mark comes first."""
    if isinstance(key, RequestKey):
        yield from (("GET", keys.request(tenant, name)) for name in key.names)
    elif key is not None:
        yield "ZCARD", keys.answers(tenant, key.name)


def _as_seen(job: Job, key: RequestKey | CountedCall | None, marks: Sequence[Any]) -> Iterator[Condition]:
    """That nobody came under the key since its marks were read."""
    if isinstance(key, RequestKey):
        for name, mark in zip(key.names, marks, strict=True):
            yield (
                ("absent", keys.request(job.tenant, name))
                if mark is None
                else ("is", keys.request(job.tenant, name), mark)
            )
    elif key is not None and key.tries:
        yield from (("below", keys.answers(job.tenant, key.name), mark + 1) for mark in marks)


def _same(kept: Job, job: Job) -> Job:
    if not grew_from(kept, job):
        raise Conflict(f"there is another job {job.id}", code="job_exists")
    return kept

"""Keeping a new job in Redis: once, however often it is asked for, and only where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.adapters import redis_index, redis_turns
from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import ANSWERS, JOB, KEY_USE
from shared.adapters.redis_commit import Condition, View, commit, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core import counted_call
from shared.core.caps import Caps
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, QueueFull, Unavailable
from shared.core.job import Job, grew_from
from shared.core.request_key import RequestKey, first

_TRIES: Final = 20
"""How often others may come between our reading and our writing. Each time one of them got on."""
_SOME: Final = 16
"""Entries of a tenant's that are held against the queue when it seems to be full."""


@dataclass(frozen=True, slots=True)
class Creator:
    """JobStore.create. Two round trips: what is there already, and the commit."""

    redis: RedisConnection
    retention: timedelta
    caps: Caps

    def create(self, job: Job, key: RequestKey | CountedCall | None) -> Job:
        mark = _mark(job, key)
        for _ in range(_TRIES):
            view = look(
                self.redis,
                redis_turns.CLOCK,
                ("ZCARD", keys.QUEUE),
                ("ZCARD", keys.queue_of(job.tenant)),
                ("GET", keys.job(job.id)),
                *([("GET", mark)] if mark else []),
            )
            clock, waiting, own, stored, *marks = view.replies
            found = self._there(job, key, stored, view, *marks)
            if found is not None:
                return found
            if not self._has_room(job.tenant, waiting, own):
                continue
            writes = redis_index.creation(job, key, view.at, clock, self.retention, mark=marks[0] if marks else None)
            if create(self.redis, list(self._conditions(job, mark, *marks)), writes):
                return job
        raise Unavailable(f"{job.id} is created too often at the same time")

    def _there(
        self, job: Job, key: RequestKey | CountedCall | None, stored: str | None, view: View, mark: str | None = None
    ) -> Job | None:
        """The job that this request made before, or an earlier one like it."""
        if isinstance(key, RequestKey) and mark is not None:
            use = KEY_USE.load(mark)
            return first(key, use, self._found(use.job_id))
        if stored is not None:
            return _same(JOB.load(stored), job)
        if isinstance(key, CountedCall) and mark is not None:
            return self._answered(job, key, mark, view)
        return None

    def _answered(self, job: Job, call: CountedCall, mark: str, view: View) -> Job | None:
        """The job of an earlier try of this call, marked as given to this one; None if nobody has it, or others do."""
        answers = counted_call.remembered(ANSWERS.load(mark), call, view.at)
        while (answer := counted_call.taken(answers, call, job.id)) is not None:
            earlier = self._found(answer.job_id)
            if earlier is not None and not earlier.discarded:
                after = ANSWERS.dump(counted_call.given(answers, answer, call, view.at, job.id))
                written = redis_index.answers(job.tenant, call, after)
                return earlier if commit(self.redis, written[1], mark, after, [written]) == after else None
            answers = counted_call.without(answers, answer)
        return None

    def _conditions(self, job: Job, mark: str | None, stored: str | None = None) -> Iterator[Condition]:
        yield "absent", keys.job(job.id)
        if mark is not None:
            yield ("absent", mark) if stored is None else ("is", mark, stored)
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


def _mark(job: Job, key: RequestKey | CountedCall | None) -> str | None:
    """Where it stands what was made under the key before."""
    if isinstance(key, RequestKey):
        return keys.request(job.tenant, key.name)
    return keys.answers(job.tenant, key.name) if key else None


def _same(kept: Job, job: Job) -> Job:
    if not grew_from(kept, job):
        raise Conflict(f"there is another job {job.id}", code="job_exists")
    return kept

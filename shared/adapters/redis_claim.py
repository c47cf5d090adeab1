"""Taking the best queued job from Redis: a window of the queue, each of its jobs tried in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_index
from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import JOB, moment, pairs
from shared.adapters.redis_commit import View, commit, look
from shared.adapters.redis_connection import RedisConnection
from shared.core import effects
from shared.core.errors import IllegalChange, Unavailable
from shared.core.job import Claimed, Job, advance

_WINDOW: Final = 16
_ROUNDS: Final = 100
"""Windows that are read before a claim gives up; each lost race means that another claimer won."""


def claim(redis: RedisConnection, attempt: str, lease: timedelta, retention: timedelta) -> Job | None:
    """JobStore.claim. Three round trips: the window, its jobs, the commit."""
    taker = _Taker(redis, attempt, lease, retention)
    skip = 0
    for _ in range(_ROUNDS):
        window = ("ZRANGE", keys.QUEUE, str(skip), str(skip + _WINDOW - 1), "WITHSCORES")
        view = look(redis, ("GET", keys.claim(attempt)), ("EXISTS", keys.PAUSE), window)
        held, paused, ranked = view.replies
        ids = [job_id for job_id, rank in pairs(ranked) if moment(float(rank)) <= view.at and not paused]
        if held is not None and (job := taker.taken_before(held)) is not None:
            return job
        if not ids:
            return None
        view = look(redis, *(("GET", keys.job(i)) for i in ids))
        raced = False
        for text in _free(view):
            if (job := taker.take(text, view.at)) is not None:
                return job
            raced = True
        skip = 0 if raced else skip + _WINDOW  # all lost to others: look again; none is free: look further
    raise Unavailable("too many workers claim at the same time")


def _free(view: View) -> Iterator[str]:
    """The jobs among those read that may be taken. Who was ever claimed leaves the queue no more by its age."""
    for text in view.replies:
        if text is not None:
            expiry = effects.index(JOB.load(text), timedelta(0)).expiry
            if expiry is None or expiry > view.at:
                yield text


@dataclass(frozen=True, slots=True)
class _Taker:
    """One attempt that wants a job."""

    redis: RedisConnection
    attempt: str
    lease: timedelta
    retention: timedelta

    def taken_before(self, job_id: str) -> Job | None:
        """The job that this attempt took when the answer was lost, if it still holds it."""
        text = look(self.redis, ("GET", keys.job(job_id))).replies[0]
        job = JOB.load(text) if text is not None else None
        return job if job is not None and job.attempt == self.attempt else None

    def take(self, text: str, at: datetime) -> Job | None:
        """The job stored as `text`, held by this attempt; None if somebody else was faster."""
        before = JOB.load(text)
        try:
            after = advance(before, Claimed(self.attempt), at)
        except IllegalChange:
            return None  # it left the queue between the two looks
        writes = redis_index.change(before, after, at, self.retention, lease=self.lease)
        stored = commit(self.redis, keys.job(before.id), text, JOB.dump(after), writes)
        now = JOB.load(stored) if stored is not None else None
        # Written now, or by a try whose answer was lost; then a cancellation may be on top of it.
        return now if now is not None and now.attempt == self.attempt else None

"""The JobStore on Redis or Valkey.

A change is computed by `advance` from what was read, and written only if that still stands
(redis_commit); no rule about jobs stands in Lua. The server's clock is read together with the job.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from shared.adapters import redis_endpoints, redis_index, redis_turns
from shared.adapters import redis_keys as keys
from shared.adapters.redis_claim import claim, waiting
from shared.adapters.redis_codec import JOB, PROGRESS, millis, pairs, span
from shared.adapters.redis_commit import Command, commit, look, write
from shared.adapters.redis_connection import RedisConnection, Script
from shared.adapters.redis_create import Creator
from shared.adapters.redis_gathering import Gathering
from shared.core.caps import NO_CAPS, Caps
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, NotFound, StaleAttempt, Unavailable
from shared.core.job import Change, Job, JobState, advance, discard
from shared.core.moment import moment
from shared.core.progress import Progress
from shared.core.request_key import RequestKey
from shared.core.standing import Standing
from shared.ports import Holding, Page, QueueDepth

_RENEW: Final = Script("redis_renew.lua")
_TRIES: Final = 20
"""How often others may change a job between our reading and our writing. Each time one of them got on."""
_PAUSE_S: Final = 0.005
_PROGRESS_LIFE: Final = timedelta(days=1)


class RedisJobStore:
    """Jobs on one server or cluster; `retention` is how long a finished job is kept."""

    def __init__(self, redis: RedisConnection, retention: timedelta, caps: Caps = NO_CAPS) -> None:
        self._redis = redis
        self._retention = retention
        self._caps = caps
        self._together = Gathering(self._aspects)

    def now(self) -> datetime:
        return self._redis.clock.now() or look(self._redis).at

    def create(self, job: Job, *, key: RequestKey | CountedCall | None = None) -> Job:
        return Creator(self._redis, self._retention, self._caps).create(job, key)

    def made(self, tenant: str, key: RequestKey) -> Job | None:
        return Creator(self._redis, self._retention, self._caps).made(tenant, key)

    def get(self, job_id: str) -> Job:
        return _loaded(job_id, look(self._redis, ("GET", keys.job(job_id))).replies[0])

    def apply(self, job_id: str, change: Change) -> Job:
        wanted: str | None = None
        for at, stored, clock in self._reread(job_id):
            before = _loaded(job_id, stored)
            if stored == wanted:
                return before
            after = advance(before, change, at)
            wanted = JOB.dump_over(after, stored)
            endpoints, as_seen = redis_endpoints.seen(self._redis, after)
            # Only a claim brings a lease. A Claimed that comes by here has one that is over at once.
            writes = redis_index.change(
                *(before, after, at, clock, self._retention),
                lease=timedelta(0),
                text=wanted,
                endpoints=endpoints,
            )
            if commit(self._redis, keys.job(job_id), stored, wanted, writes, *as_seen) == wanted:
                return after
        raise Unavailable(f"{job_id} is changed too often at the same time")

    def page(self, tenant: str, *, limit: int, after: str | None = None, ascending: bool = False) -> Page:
        while True:
            ids = self._listed(tenant, limit + 1, after, ascending=ascending)
            texts = look(self._redis, *(("GET", keys.job(i)) for i in ids[:limit])).replies
            lost = [i for i, text in zip(ids[:limit], texts, strict=True) if text is None]
            if not lost:
                return Page([JOB.load(text) for text in texts], has_more=len(ids) > limit)
            # Their records expired, or were forgotten this instant.
            write(self._redis, ("ZREM", keys.tenant(tenant), *lost))

    def claim(self, attempt: str, lease: timedelta) -> Job | None:
        return claim(self._redis, attempt, lease, self._retention, self._caps)

    def renew(self, job_id: str, attempt: str, lease: timedelta) -> Job:
        member = redis_index.holding(job_id, attempt)
        held, stored = self._redis.run(_RENEW, [keys.LEASES, keys.job(job_id)], [member, str(span(lease))])
        job = _loaded(job_id, stored)
        if not held:
            raise StaleAttempt(f"{job_id} is {job.state} and not held by the attempt that spoke")
        return job

    def report(self, job_id: str, progress: Progress) -> None:
        reports, peak = keys.progress(job_id), keys.peak(job_id)
        write(
            self._redis,
            ("HSET", reports, progress.attempt, PROGRESS.dump(progress)),
            ("ZADD", peak, "GT", str(progress.percent), "percent"),
            ("PEXPIRE", reports, millis(_PROGRESS_LIFE)),
            # As long as the job may still be seen: its progress must not go back when it waits, or has ended.
            ("PEXPIRE", peak, millis(self._retention + redis_index.BACKSTOP)),
            redis_index.word(job_id),
        )

    def progress(self, job: Job) -> tuple[Progress | None, int]:
        commands: list[Command] = [("ZSCORE", keys.peak(job.id), "percent")]
        if job.attempt is not None:
            commands.append(("HGET", keys.progress(job.id), job.attempt))
        peak, *reports = look(self._redis, *commands).replies
        present = next((PROGRESS.load(report) for report in reports if report is not None), None)
        return present, int(float(peak or 0))

    def standing(self, job_id: str) -> Standing:
        found = _standing(*self._together.ask(job_id))
        if found is None:
            raise NotFound(f"there is no job {job_id}")
        return found

    def standings(self, job_ids: Sequence[str]) -> Sequence[Standing | None]:
        return [_standing(*aspects) for aspects in self._aspects(job_ids)]

    def standings_of(self, jobs: Sequence[Job]) -> Sequence[Standing]:
        asked = [tuple(_beside(job)) for job in jobs]
        replies = iter(look(self._redis, *(command for commands in asked for command in commands)).replies)
        return [_beside_read(job, [next(replies) for _ in commands]) for job, commands in zip(jobs, asked, strict=True)]

    def position(self, job: Job) -> int | None:
        rank: int | None = look(self._redis, ("ZRANK", keys.QUEUE, job.id)).replies[0]
        return rank

    def depth(self) -> QueueDepth:
        view = look(
            self._redis,
            ("ZCARD", keys.QUEUE),
            ("ZCARD", keys.LEASES),
            ("EXISTS", keys.PAUSE),
            *redis_turns.FIRSTS,
        )
        waiting, running, paused, *firsts = view.replies
        oldest = redis_turns.oldest(firsts, view.at)
        return QueueDepth(waiting=waiting, running=running, oldest=oldest, paused=bool(paused))

    def expired_leases(self, limit: int) -> Sequence[Holding]:
        parts = (member.partition("/") for member in self._past(keys.LEASES, limit))
        return [Holding(job_id, attempt) for job_id, _, attempt in parts]

    def overdue(self, limit: int) -> Sequence[str]:
        return self._past(keys.EXPIRIES, limit)

    def timed_out(self, limit: int) -> Sequence[str]:
        return self._past(keys.DEADLINES, limit)

    def waiting(self, limit: int) -> Sequence[str]:
        return waiting(self._redis, limit, self._caps)

    def discard(self, job_id: str) -> None:
        for _, stored, _ in self._reread(job_id):
            after = discard(_loaded(job_id, stored))
            wanted = JOB.dump_over(after, stored)
            writes = redis_index.hiding(after, wanted, self._retention)
            if stored == wanted or commit(self._redis, keys.job(job_id), stored, wanted, writes) == wanted:
                return
        raise Unavailable(f"{job_id} is changed too often at the same time")

    def removable(self, limit: int) -> Sequence[str]:
        return self._past(keys.REMOVALS, limit)

    def forget(self, job_id: str) -> None:
        for _, stored, _ in self._reread(job_id):
            if stored is None:
                write(self._redis, *redis_index.traces(job_id))
                return
            job = JOB.load(stored)
            if not job.state.is_final:
                raise Conflict(f"{job_id} is {job.state}", code="not_final")
            if commit(self._redis, keys.job(job_id), stored, None, redis_index.removal(job, self._retention)) is None:
                return
        raise Unavailable(f"{job_id} is changed too often at the same time")

    def remembered(self, job_id: str) -> str | None:
        tenant: str | None = look(self._redis, ("GET", keys.remembered(job_id))).replies[0]
        return tenant

    def ping(self) -> None:
        self._redis.ping()

    def close(self) -> None:
        self._redis.close()

    def _aspects(self, job_ids: Sequence[str]) -> Sequence[Sequence[Any]]:
        """What `_standing` is made of, for each job."""
        replies = look(self._redis, *(command for job_id in job_ids for command in _aspects(job_id))).replies
        return [replies[n : n + 4] for n in range(0, len(replies), 4)]

    def _found(self, job_id: str) -> Job | None:
        stored = look(self._redis, ("GET", keys.job(job_id))).replies[0]
        return None if stored is None else JOB.load(stored)

    def _reread(self, job_id: str) -> Iterator[tuple[datetime, str | None, str | None]]:
        """The server's time, the job as stored and the queue's clock, again and again, a little later each time."""
        for n in range(_TRIES):
            time.sleep(random.uniform(0, _PAUSE_S * n))  # noqa: S311  spreads writers, hides nothing
            view = look(self._redis, ("GET", keys.job(job_id)), redis_turns.CLOCK)
            yield view.at, view.replies[0], view.replies[1]

    def _listed(self, tenant: str, limit: int, after: str | None, *, ascending: bool) -> Sequence[str]:
        first = ("-" if ascending else "+") if after is None else f"({after}"
        bounds = (first, "+", "BYLEX") if ascending else (first, "-", "BYLEX", "REV")
        command = ("ZRANGE", keys.tenant(tenant), *bounds, "LIMIT", "0", str(limit))
        ids: Sequence[str] = look(self._redis, command).replies[0]
        return ids

    def _past(self, key: str, limit: int) -> Sequence[str]:
        """Members of a ZSET by time whose time has come, the longest past first."""
        view = look(self._redis, ("ZRANGE", key, "0", str(limit - 1), "WITHSCORES"))
        return [member for member, score in pairs(view.replies[0]) if moment(float(score)) <= view.at]


def _aspects(job_id: str) -> tuple[Command, ...]:
    """What `_standing` is made of. Whose report counts is known only with the job, so all of them are read."""
    return (
        ("GET", keys.job(job_id)),
        ("ZRANK", keys.QUEUE, job_id),
        ("ZSCORE", keys.peak(job_id), "percent"),
        ("HGETALL", keys.progress(job_id)),
    )


def _beside(job: Job) -> Iterator[Command]:
    """What lies beside a job that is known: of one that is over only how far it came."""
    yield "ZSCORE", keys.peak(job.id), "percent"
    if job.state is JobState.QUEUED:
        yield "ZRANK", keys.QUEUE, job.id
    elif job.attempt is not None:
        yield "HGET", keys.progress(job.id), job.attempt


def _beside_read(job: Job, replies: Sequence[Any]) -> Standing:
    peak, *others = replies
    other = others[0] if others else None
    report, position = (None, other) if job.state is JobState.QUEUED else (other, None)
    return Standing(job, PROGRESS.load(report) if report else None, int(float(peak or 0)), position)


def _standing(text: str | None, rank: int | None, peak: str | None, reports: Sequence[str]) -> Standing | None:
    if text is None:
        return None
    job = JOB.load(text)
    report = dict(pairs(reports)).get(job.attempt or "")
    return Standing(job, PROGRESS.load(report) if report else None, int(float(peak or 0)), rank)


def _loaded(job_id: str, stored: str | None) -> Job:
    if stored is None:
        raise NotFound(f"there is no job {job_id}")
    return JOB.load(stored)

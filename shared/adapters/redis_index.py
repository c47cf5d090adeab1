"""The commands that write a job, and with it all that follows from it (shared.core.effects)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_answers, redis_lanes, redis_turns
from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import EVENT, JOB, KEY_USE, millis, span
from shared.adapters.redis_commit import Command
from shared.core import effects, reuse
from shared.core.counted_call import CountedCall
from shared.core.endpoint import Endpoint
from shared.core.events import Event
from shared.core.job import Job
from shared.core.moment import micros
from shared.core.queue import MOST_WAITS, WAITS_KEPT
from shared.core.request_key import KeyUse, RequestKey
from shared.core.schedule import Flow

BACKSTOP: Final = timedelta(days=7)
"""A finished job's record expires so long after its retention, if recover never removed it."""


def creation(
    job: Job,
    key: RequestKey | CountedCall | None,
    at: datetime,
    clock: str | None,
    retention: timedelta,
    *,
    flow: Flow | None,
) -> list[Command]:
    """Everything about a new job. A full server refuses it, since it begins with SET."""
    index = effects.index(job, retention)
    return [
        ("SET", keys.job(job.id), JOB.dump(job)),
        *naming(job, key, at),
        *redis_turns.joining(job, index.turn, at, clock, flow),
        *_places(job, index),
        *_duties(job, at),
    ]


def hiding(job: Job, text: str, retention: timedelta) -> list[Command]:
    """A job that was discarded: its record, and where it may still be found. It tells nobody."""
    return [
        ("ZREM", keys.tenant(job.tenant), job.id),
        ("SET", keys.job(job.id), text, "KEEPTTL"),
        *_places(job, effects.index(job, retention)),
        word(job.id),
    ]


def change(
    before: Job,
    after: Job,
    at: datetime,
    clock: str | None,
    retention: timedelta,
    *,
    lease: timedelta,
    text: str,
    endpoints: Sequence[Endpoint] = (),
) -> list[Command]:
    """Everything about a job that changed; `lease` counts if it has a new holder, `text` is its new record.

    `endpoints` are its tenant's, if it came to its end.

    A full server takes it, since it begins with ZREM: work that is under way can end.
    """
    index = effects.index(after, retention)
    return [
        ("ZREM", keys.queue_of(after.tenant), after.id),
        ("ZREM", keys.waiting(after.terms.priority), after.id),
        ("ZREM", keys.EXPIRIES, after.id),
        ("ZREM", keys.DEADLINES, after.id),
        *redis_turns.leaving(before, after),
        *redis_turns.joining(after, index.turn, at, clock),
        *_lease(before, after, at, lease),
        ("SET", keys.job(after.id), text),
        *_time_to_live(after, retention),
        *_places(after, index),
        *_duties(after, at),
        *redis_lanes.births(effects.callbacks(after, endpoints), retention + BACKSTOP),
        *_wait(after, at),
        *_offer(after, retention),
        word(after.id),
    ]


def removal(job: Job, retention: timedelta) -> list[Command]:
    """Everything that must go with a job's record. What it owed to others stays."""
    return [
        ("DEL", keys.job(job.id)),
        ("ZREM", keys.tenant(job.tenant), job.id),
        *traces(job.id),
        *_memory(job, effects.remembered(job, retention)),
        word(job.id),
    ]


def traces(job_id: str) -> list[Command]:
    """What may be left of a job whose record is gone."""
    return [
        ("ZREM", keys.REMOVALS, job_id),
        ("DEL", keys.progress(job_id)),
        ("DEL", keys.peak(job_id)),
    ]


def word(job_id: str) -> Command:
    """Said to who listens, with the change and so not before it can be seen. Nobody can listen for a new job."""
    return "PUBLISH", keys.CHANGES, job_id


def _memory(job: Job, life: timedelta | None) -> Iterator[Command]:
    if life is not None:
        yield "SET", keys.remembered(job.id), job.tenant, "PX", millis(life)


def holding(job_id: str, attempt: str) -> str:
    """A lease's member; read back by `partition("/")`, since ids hold no slash."""
    return f"{job_id}/{attempt}"


def naming(job: Job, key: RequestKey | CountedCall | None, at: datetime) -> Iterator[Command]:
    """Who comes under the key again gets this job."""
    if isinstance(key, CountedCall):
        yield from redis_answers.creation(job, key, at)
    elif key is not None:
        use = KEY_USE.dump(KeyUse(job.id, key.fingerprint))
        for name in key.names:  # its own is free; that of a whole is kept by its first part
            yield "SET", keys.request(job.tenant, name), use, "PX", millis(key.life), "NX"


def _lease(before: Job, after: Job, at: datetime, lease: timedelta) -> Iterator[Command]:
    if before.attempt == after.attempt:
        return
    if before.attempt is not None:
        yield "ZREM", keys.LEASES, holding(before.id, before.attempt)
        yield "ZREM", keys.leases_of(before.tenant), holding(before.id, before.attempt)
        yield "DEL", keys.claim(before.attempt)
    if after.attempt is not None:
        yield "ZADD", keys.LEASES, str(micros(at + lease)), holding(after.id, after.attempt)
        yield "ZADD", keys.leases_of(after.tenant), str(micros(at)), holding(after.id, after.attempt)
        yield "SET", keys.claim(after.attempt), after.id


def _places(job: Job, index: effects.Index) -> Iterator[Command]:
    if index.listed:
        yield "ZADD", keys.tenant(job.tenant), "0", job.id
    if index.waits_since is not None:
        for key in (keys.waiting(job.terms.priority), keys.queue_of(job.tenant)):
            yield "ZADD", key, str(micros(index.waits_since)), job.id
    if index.expiry is not None:
        yield "ZADD", keys.EXPIRIES, str(micros(index.expiry)), job.id
    if index.deadline is not None:
        yield "ZADD", keys.DEADLINES, str(micros(index.deadline)), job.id
    if index.removal is not None:
        yield "ZADD", keys.REMOVALS, str(micros(index.removal)), job.id


def _duties(job: Job, at: datetime) -> Iterator[Command]:
    event = effects.event(job)
    if event is not None:
        yield from outbox_row(event, at)


def outbox_row(event: Event, at: datetime) -> Iterator[Command]:
    """An event that the world has not surely heard."""
    yield "ZADD", keys.OUTBOX, str(micros(at)), event.id
    yield "HSET", keys.EVENTS, event.id, EVENT.dump(event)


def _wait(job: Job, at: datetime) -> Iterator[Command]:
    wait = effects.wait(job)
    if wait is not None:
        yield "ZADD", keys.WAITS, str(micros(at)), f"{job.id}/{span(wait)}"
        yield "ZREMRANGEBYRANK", keys.WAITS, "0", str(-MOST_WAITS - 1)
        yield "PEXPIRE", keys.WAITS, millis(WAITS_KEPT)


def _offer(job: Job, retention: timedelta) -> Iterator[Command]:
    likeness = reuse.offered(job)
    if likeness is not None:
        yield "SET", keys.drawn(job.tenant, likeness), job.id, "PX", millis(effects.kept(job, retention))


def _time_to_live(job: Job, retention: timedelta) -> Iterator[Command]:
    if job.state.is_final:
        yield "PEXPIRE", keys.job(job.id), millis(effects.kept(job, retention) + BACKSTOP)

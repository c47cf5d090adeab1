"""A Broker's events in Redis Streams: one stream, one consumer group for each Trigger.

Accepted means written to disk. An event stays pending in a group until its delivery has ended, one way or the other;
how far that is stands beside it, so that a restart goes on there. Keys, all under `flipbook-local:{namespace/broker}`:

:events               stream   attributes, content_type, data
:journeys:<trigger>   hash     entry id -> the Journey of an event that waits for a retry, as JSON
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from local import objects
from local.cloud_event import CloudEvent
from local.delivery import START_TTL, TTL, Journey, Stage
from shared.core.errors import Unavailable

_CONSUMER: Final = "runtime"
_BATCH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event for one Trigger, and how far it is."""

    id: str
    event: CloudEvent
    journey: Journey = Journey()


class Broker:
    """Every method may raise RedisError; what was asked for may have been done all the same."""

    def __init__(self, spec: objects.Broker, triggers: Sequence[objects.Trigger], redis: Redis) -> None:
        self.spec = spec
        self.triggers = triggers
        self._redis = redis
        self._key = f"flipbook-local:{{{spec.namespace}/{spec.name}}}"
        self._events = f"{self._key}:events"
        self._bells = {trigger.name: asyncio.Event() for trigger in triggers}
        self._trim = asyncio.Event()

    def bell(self, trigger: str) -> asyncio.Event:
        """Rings when there may be something to take."""
        return self._bells[trigger]

    async def open(self) -> None:
        """Make the groups of our Triggers, and forget those of Triggers that are no more."""
        for name in self._bells:
            try:
                await self._redis.xgroup_create(self._events, name, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        for group in await self._groups():
            if group["name"] not in self._bells:
                await self._redis.xgroup_destroy(self._events, group["name"])
                await self._redis.delete(self._journeys(group["name"]))

    async def put(self, event: CloudEvent) -> None:
        """Keep the event for every Trigger; without any it is forgotten.

        Raises:
            Unavailable: Redis did not say that it has it.
        """
        if not self._bells:
            return
        ttl = event.attributes.get(TTL, str(START_TTL))
        fields: dict[Any, Any] = {
            "attributes": json.dumps({**event.attributes, TTL: ttl}),
            "content_type": event.content_type or "",
            "data": event.data,
        }
        try:
            await self._redis.xadd(self._events, fields)
        except (RedisError, OSError) as error:
            raise Unavailable(f"the event could not be stored: {type(error).__name__}") from error
        finally:
            for bell in self._bells.values():
                bell.set()

    async def take(self, trigger: str, count: int) -> list[Entry]:
        """New events, now pending for this Trigger."""
        answer = await self._redis.xreadgroup(trigger, _CONSUMER, {self._events: ">"}, count=min(count, _BATCH))
        return [entry for entry in map(_entry, _rows(answer)) if entry]

    async def pending(self, trigger: str) -> list[Entry]:
        """Events that were taken and are not done: those of a killed runtime, or of a lost answer."""
        found: list[Entry] = []
        last = "0"
        journeys = await _await(self._redis.hgetall(self._journeys(trigger)))
        while rows := _rows(await self._redis.xreadgroup(trigger, _CONSUMER, {self._events: last}, count=_BATCH)):
            for row in rows:
                entry = _entry(row, journeys)
                if entry is None:  # the stream was emptied by another hand
                    await self.done(trigger, row[0].decode())
                else:
                    found.append(entry)
            last = rows[-1][0].decode()
        return found

    async def note(self, trigger: str, entry_id: str, journey: Journey) -> None:
        await _await(self._redis.hset(self._journeys(trigger), entry_id, json.dumps(asdict(journey))))

    async def done(self, trigger: str, *entry_ids: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(self._events, trigger, *entry_ids)
            pipe.hdel(self._journeys(trigger), *entry_ids)
            await pipe.execute()
        self._trim.set()

    async def depth(self) -> dict[str, Any]:
        """How many events are kept, and by Trigger how many are taken and not done."""
        groups = {group["name"]: int(group["pending"]) for group in await self._groups()}
        return {"events": await self._redis.xlen(self._events), "pending": groups}

    async def tidy(self) -> None:
        """Drop what every group is done with, whenever something was done. Runs until cancelled."""
        while True:
            await self._trim.wait()
            self._trim.clear()
            try:
                await self._drop_finished()
            except (RedisError, OSError):
                self._trim.set()  # it keeps; nothing depends on it
            await asyncio.sleep(1)

    async def _drop_finished(self) -> None:
        """Both bounds of a group only grow, so that a stale one drops too little and never too much."""
        oldest = [await self._oldest_needed(group) for group in await self._groups()]
        if oldest:
            await self._redis.xtrim(self._events, minid=_id(min(oldest)), approximate=False)

    async def _oldest_needed(self, group: Mapping[str, Any]) -> tuple[int, int]:
        if group["pending"]:
            pending = await self._redis.xpending(self._events, group["name"])
            if pending["min"]:
                return place(pending["min"].decode())
        milliseconds, sequence = place(group["last-delivered-id"])
        return milliseconds, sequence + 1

    async def _groups(self) -> list[dict[str, Any]]:
        if not self._bells:
            return []  # no Trigger ever made the stream
        return [
            {**group, "name": group["name"].decode(), "last-delivered-id": group["last-delivered-id"].decode()}
            for group in await self._redis.xinfo_groups(self._events)
        ]

    def _journeys(self, trigger: str) -> str:
        return f"{self._key}:journeys:{trigger}"


def _rows(answer: Any) -> list[Any]:
    """The entries in an XREADGROUP answer about one stream."""
    if not answer:
        return []
    rows = answer[0][1] if isinstance(answer, list) else next(iter(answer.values()))
    return list(rows[0] if rows and rows[0] and isinstance(rows[0], list) else rows)


def _entry(row: Any, journeys: Mapping[bytes, bytes] | None = None) -> Entry | None:
    entry_id, fields = row
    if not fields:
        return None
    known = (journeys or {}).get(entry_id)
    event = CloudEvent(
        attributes=json.loads(fields[b"attributes"]),
        content_type=fields[b"content_type"].decode() or None,
        data=fields[b"data"],
    )
    return Entry(id=entry_id.decode(), event=event, journey=_journey(known) if known else Journey())


def _journey(text: bytes) -> Journey:
    fields = json.loads(text)
    return Journey(**{**fields, "stage": Stage(fields["stage"])})


def place(entry_id: str) -> tuple[int, int]:
    """Where an entry stands in its stream: to be compared."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def _id(parts: tuple[int, int]) -> str:
    return f"{parts[0]}-{parts[1]}"


async def _await(answer: Awaitable[Any] | Any) -> Any:
    """redis-py types some answers as "now or later"; with the asyncio client they are later."""
    return await cast("Awaitable[Any]", answer)

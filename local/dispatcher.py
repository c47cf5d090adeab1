"""Takes a Broker's events for one Trigger and delivers each until it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from redis.exceptions import RedisError

from local.broker import Broker, Entry, place
from local.cloud_event import CloudEvent
from local.courier import Carrier
from local.delivery import Journey
from local.objects import BrokerClass, Trigger
from local.passage import Passage
from shared.core.errors import Unavailable

MAX_IN_FLIGHT: Final = 1000
"""Events under way for one Trigger, those waiting for a free instance included. Knative's Broker sets no limit."""
_KAFKA_POLL: Final = 50
"""max.poll.records: so many are under way at once, unless order is asked for."""
_FIRST_BACKOFF: Final = 0.05
_MAX_BACKOFF: Final = 1.0
_AWAY: Final = (RedisError, OSError, Unavailable)


class Dispatcher:
    """`run` takes events until it is cancelled; deliveries under way go on until `close`."""

    def __init__(self, trigger: Trigger, broker: Broker, courier: Carrier, *, clock: Callable[[], float]) -> None:
        self.trigger = trigger
        self._broker = broker
        self._kind = broker.spec.kind
        self._limit = _limit(trigger, self._kind)
        self._passage = Passage(trigger, self._kind, courier, reply=self._put, clock=clock)
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._over: set[str] = set()
        self._room = asyncio.Event()
        self._log = logging.getLogger("broker")

    @property
    def in_flight(self) -> int:
        return len(self._deliveries)

    async def run(self) -> None:
        """Redis away for a while: wait, then look first for what was taken while its answer got lost."""
        backoff = _FIRST_BACKOFF
        while True:
            try:
                for entry in await self._broker.pending(self.trigger.name):
                    self._begin(entry)
                backoff = _FIRST_BACKOFF
                await self._take_new()
            except (RedisError, OSError) as error:
                if backoff == _FIRST_BACKOFF:
                    self._log.warning("Trigger %s waits for Redis: %s", self.trigger.name, error)
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, _MAX_BACKOFF)
                with suppress(RedisError, OSError):
                    await self._broker.open()

    async def close(self) -> None:
        """Break off. What is not done is delivered again after the next start."""
        while tasks := list(self._deliveries.values()):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)

    async def _take_new(self) -> None:
        bell = self._broker.bell(self.trigger.name)
        while True:
            bell.clear()
            room = self._limit - len(self._deliveries)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            entries = await self._broker.take(self.trigger.name, room)
            others = [entry.id for entry in entries if not self._passage.wants(entry.event)]
            if others:
                await self._broker.done(self.trigger.name, *others)
            for entry in entries:
                if entry.id not in others:
                    self._begin(entry)
            if not entries:
                await bell.wait()

    def _begin(self, entry: Entry) -> None:
        if entry.id not in self._deliveries:
            task = asyncio.create_task(self._deliver(entry))
            self._deliveries[entry.id] = task
            task.add_done_callback(lambda done: self._finished(entry.id, done))

    def _finished(self, entry_id: str, task: asyncio.Task[None]) -> None:
        del self._deliveries[entry_id]
        self._room.set()
        if not task.cancelled() and (error := task.exception()):
            # A bug; the event stays pending, and comes again with the next start.
            self._log.error("delivery of %s broke", entry_id, exc_info=error)

    async def _deliver(self, entry: Entry) -> None:
        if self._passage.wants(entry.event):
            await self._passage.make(entry.event, entry.journey, partial(self._note, entry.id))
        self._over.add(entry.id)
        if over := self._settled():
            await _until_stored(partial(self._broker.done, self.trigger.name, *over))
            self._over.difference_update(over)

    def _settled(self) -> list[str]:
        """What is over and need not be delivered again.

        Kafka's offset stands before the oldest unfinished record: after a restart all that follow come again, those
        that were done too.
        """
        unfinished = (entry_id for entry_id in self._deliveries if entry_id not in self._over)
        oldest = next(unfinished, None) if self._kind is BrokerClass.KAFKA else None
        return [each for each in self._over if oldest is None or place(each) < place(oldest)]

    async def _note(self, entry_id: str, journey: Journey) -> None:
        await _until_stored(partial(self._broker.note, self.trigger.name, entry_id, journey))

    async def _put(self, reply: CloudEvent) -> None:
        await _until_stored(partial(self._broker.put, reply))


def _limit(trigger: Trigger, kind: BrokerClass) -> int:
    """How many events may be under way at once, waits between tries included."""
    if kind is BrokerClass.KAFKA:
        return 1 if trigger.ordered else _KAFKA_POLL  # in order: one for each partition, and here is one
    return trigger.parallelism if kind is BrokerClass.RABBITMQ else MAX_IN_FLIGHT


async def _until_stored(write: Callable[[], Awaitable[None]]) -> None:
    """Try until Redis has it: without that a done event would come again, or a reply be missing."""
    backoff = _FIRST_BACKOFF
    while True:
        try:
            return await write()
        except _AWAY:
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, _MAX_BACKOFF)

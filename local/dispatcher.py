"""Takes a Broker's events for one Trigger and delivers each until it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from redis.exceptions import RedisError

from local import courier, delivery
from local.broker import Broker, Entry
from local.courier import Courier
from local.delivery import Answer, Journey, Stage
from local.objects import Trigger
from shared.core.errors import Unavailable

MAX_IN_FLIGHT: Final = 1000
"""Events under way for one Trigger, those waiting for a free instance included. Knative's Broker sets no limit."""
_FIRST_BACKOFF: Final = 0.05
_MAX_BACKOFF: Final = 1.0
_AWAY: Final = (RedisError, OSError, Unavailable)


class Dispatcher:
    """`run` takes events until it is cancelled; deliveries under way go on until `close`."""

    def __init__(self, trigger: Trigger, broker: Broker, courier: Courier, *, clock: Callable[[], float]) -> None:
        self.trigger = trigger
        self._broker = broker
        self._courier = courier
        self._clock = clock
        self._deliveries: dict[str, asyncio.Task[None]] = {}
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
            room = MAX_IN_FLIGHT - len(self._deliveries)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            entries = await self._broker.take(self.trigger.name, room)
            others = [entry.id for entry in entries if not self._wants(entry)]
            if others:
                await self._broker.done(self.trigger.name, *others)
            for entry in entries:
                if entry.id not in others:
                    self._begin(entry)
            if not entries:
                await bell.wait()

    def _wants(self, entry: Entry) -> bool:
        """Attributes that must be there and equal; an empty value lets any through."""
        found = entry.event.attributes
        wanted = self.trigger.attributes
        return all(found.get(name) == value or (not value and name in found) for name, value in wanted.items())

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
        journey = entry.journey
        if not self._wants(entry):
            journey = Journey(stage=Stage.DONE)
        while journey.stage in {Stage.DELIVER, Stage.DEAD_LETTER}:
            await asyncio.sleep(max(journey.due_at - self._clock(), 0))
            answer = await self._attempt(entry, journey)
            then = delivery.after(journey, answer, self.trigger.delivery, self._clock())
            self._tell(entry, journey, answer, then)
            journey = then
            if journey.stage in {Stage.DELIVER, Stage.DEAD_LETTER}:
                await _until_stored(partial(self._broker.note, self.trigger.name, entry.id, journey))
        await _until_stored(partial(self._broker.done, self.trigger.name, entry.id))

    async def _attempt(self, entry: Entry, journey: Journey) -> Answer:
        spec, subscriber = self.trigger.delivery, self.trigger.subscriber
        if journey.stage is Stage.DEAD_LETTER and spec.dead_letter:
            letter = delivery.dead_letter(entry.event, journey, courier.url(subscriber))
            return await self._courier.carry(letter, spec.dead_letter, within=spec.timeout)
        event = delivery.outgoing(entry.event)
        answer = await self._courier.carry(event, subscriber, within=spec.timeout, wants_reply=True)
        if answer.reply and (reply := delivery.republished(answer.reply, entry.event)):
            await _until_stored(partial(self._broker.put, reply))
        return answer

    def _tell(self, entry: Entry, before: Journey, answer: Answer, then: Journey) -> None:
        if answer.accepted:
            return
        event = f"{entry.event.attributes['type']} for {self.trigger.name}"
        if then.stage is Stage.LOST:
            self._log.error("%s LOST after answer %s: %s", event, answer.status, entry.event.attributes["id"])
        elif then.stage is not before.stage:
            self._log.warning("%s to the dead-letter sink after answer %s", event, answer.status)
        else:
            wait = then.due_at - self._clock()
            self._log.info("%s answered %s; try %d in %.3g s", event, answer.status, then.retries + 1, wait)


async def _until_stored(write: Callable[[], Awaitable[None]]) -> None:
    """Try until Redis has it: without that a done event would come again, or a reply be missing."""
    backoff = _FIRST_BACKOFF
    while True:
        try:
            return await write()
        except _AWAY:
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, _MAX_BACKOFF)

"""One event's way to one Trigger's subscriber, from its first try to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from local import courier, delivery
from local.cloud_event import CloudEvent
from local.courier import Carrier
from local.delivery import Answer, Journey, Stage
from local.objects import BrokerClass, Trigger

_UNDER_WAY: Final = frozenset({Stage.DELIVER, Stage.DEAD_LETTER})
_KAFKA_TIMEOUT: Final = timedelta(milliseconds=600_000)
"""DEFAULT_TIMEOUT_MS of Kafka's dispatcher; the others wait for ever."""


class Passage:
    """`reply` takes an event that a subscriber answered with."""

    def __init__(
        self,
        trigger: Trigger,
        kind: BrokerClass,
        courier: Carrier,
        *,
        reply: Callable[[CloudEvent], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self.trigger = trigger
        self._kind = kind
        self._courier = courier
        self._reply = reply
        self._clock = clock
        self._timeout = trigger.delivery.timeout or (_KAFKA_TIMEOUT if kind is BrokerClass.KAFKA else None)
        self._log = logging.getLogger("broker")

    def wants(self, event: CloudEvent) -> bool:
        """Attributes that must be there and equal; an empty value lets any through."""
        found, wanted = event.attributes, self.trigger.attributes
        return all(found.get(name) == value or (not value and name in found) for name, value in wanted.items())

    async def make(self, event: CloudEvent, journey: Journey, note: Callable[[Journey], Awaitable[None]]) -> Journey:
        """Try until it is done, or lost; `note` is told of each step between."""
        while journey.stage in _UNDER_WAY:
            await asyncio.sleep(max(journey.due_at - self._clock(), 0))
            answer = await self._attempt(event, journey)
            then = delivery.after(journey, answer, self.trigger.delivery, self._clock(), self._kind)
            self._tell(event, journey, answer, then)
            journey = then
            if journey.stage in _UNDER_WAY:
                await note(journey)
        return journey

    async def _attempt(self, event: CloudEvent, journey: Journey) -> Answer:
        spec, subscriber = self.trigger.delivery, self.trigger.subscriber
        if journey.stage is Stage.DEAD_LETTER and spec.dead_letter:
            letter = delivery.dead_letter(event, journey, courier.url(subscriber))
            return await self._courier.carry(letter, spec.dead_letter, within=self._timeout, kind=self._kind)
        outgoing = delivery.outgoing(event)
        answer = await self._courier.carry(
            outgoing, subscriber, within=self._timeout, wants_reply=True, kind=self._kind
        )
        if answer.reply and (reply := delivery.republished(answer.reply, event)):
            await self._reply(reply)
        return answer

    def _tell(self, event: CloudEvent, before: Journey, answer: Answer, then: Journey) -> None:
        if answer.accepted:
            return
        what = f"{event.attributes['type']} for {self.trigger.name}"
        if then.stage is Stage.LOST:
            self._log.error("%s LOST after answer %s: %s", what, answer.status, event.attributes["id"])
        elif then.stage is Stage.DONE:
            self._log.warning("%s answered %s, which RabbitMQ's Broker takes for done", what, answer.status)
        elif then.stage is not before.stage:
            self._log.warning("%s to the dead-letter sink after answer %s", what, answer.status)
        else:
            wait = then.due_at - self._clock()
            self._log.info("%s answered %s; try %d in %.3g s", what, answer.status, then.retries + 1, wait)

"""A Broker over the in-memory channel as Knative makes it by default: its producer waits for every subscriber.

Nothing is kept. A producer who goes away, or waits for 15 minutes, takes the deliveries with it: they run under its
request (pkg/channel/fanout/fanout_event_handler.go), while the functions that were called know nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from local import objects
from local.cloud_event import CloudEvent
from local.courier import Carrier
from local.delivery import START_TTL, TTL, Journey, Stage
from local.objects import BrokerClass
from local.passage import Passage
from shared.core.errors import Unavailable

_FANOUT_TIMEOUT: Final = 15 * 60.0


class SynchronousBroker:
    """`put` returns when every delivery has ended."""

    def __init__(self, spec: objects.Broker, triggers: Sequence[objects.Trigger]) -> None:
        self.spec = spec
        self.triggers = triggers
        self._passages: list[Passage] = []
        self._under_way = dict.fromkeys((trigger.name for trigger in triggers), 0)

    def connect(self, courier: Carrier, clock: Callable[[], float]) -> None:
        """The courier knows the Brokers, so it comes after them."""
        self._passages = [
            Passage(trigger, BrokerClass.IN_MEMORY, courier, reply=self._put_reply, clock=clock)
            for trigger in self.triggers
        ]

    async def put(self, event: CloudEvent) -> None:
        """Raises: Unavailable: A delivery was lost, or all did not end within 15 minutes."""
        known = event if TTL in event.attributes else event.but(**{TTL: str(START_TTL)})
        try:
            async with asyncio.timeout(_FANOUT_TIMEOUT):
                ends = await asyncio.gather(*(self._carry(passage, known) for passage in self._passages))
        except TimeoutError:
            raise Unavailable("fanout timed out") from None
        if Stage.LOST in ends:
            raise Unavailable("a subscriber did not take the event")

    async def depth(self) -> dict[str, Any]:
        """As of a Broker that keeps events; here they are only under way."""
        return {"events": sum(self._under_way.values()), "pending": dict(self._under_way)}

    async def _put_reply(self, reply: CloudEvent) -> None:
        with suppress(Unavailable):  # it was answered, and that counts
            await self.put(reply)

    async def _carry(self, passage: Passage, event: CloudEvent) -> Stage:
        if not passage.wants(event):
            return Stage.DONE
        self._under_way[passage.trigger.name] += 1
        try:
            return (await passage.make(event, Journey(), _forget)).stage
        finally:
            self._under_way[passage.trigger.name] -= 1


async def _forget(_: Journey) -> None:
    """A step that is written down nowhere."""

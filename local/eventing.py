"""All Brokers, Triggers and PingSources of the platform, at work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local import cron, objects
from local.broker import Broker
from local.courier import Carrier, Courier
from local.dispatcher import Dispatcher
from local.errors import CannotStart
from local.objects import BrokerClass, Destination, Platform, Trigger
from local.pings import Pings
from local.revision import Revision
from local.stormy_courier import StormyCourier
from local.synchronous import SynchronousBroker


class Eventing:
    """Raises: CannotStart: A Trigger or PingSource names something that no manifest defines."""

    def __init__(
        self,
        platform: Platform,
        revisions: Mapping[tuple[str, str], Revision],
        redis: Redis,
        *,
        tick: timedelta | None = None,
        chaos: int | None = None,
    ) -> None:
        self.brokers = {
            (spec.namespace, spec.name): _broker(
                spec, [t for t in platform.triggers if (t.namespace, t.broker) == (spec.namespace, spec.name)], redis
            )
            for spec in platform.brokers
        }
        calm = Courier(revisions, self.brokers)
        _check(platform, calm, self.brokers)
        self._stormy = StormyCourier(calm, chaos) if chaos is not None else None
        courier: Carrier = self._stormy or calm
        for broker in self.brokers.values():
            if isinstance(broker, SynchronousBroker):
                broker.connect(courier, time.time)
        self._streams = [broker for broker in self.brokers.values() if isinstance(broker, Broker)]
        self.dispatchers = [
            Dispatcher(trigger, broker, courier, clock=time.time)
            for broker in self._streams
            for trigger in broker.triggers
        ]
        self._pings = [Pings(source, courier, tick) for source in platform.pings]

    @property
    def synchronous(self) -> bool:
        """Whether a producer waits for subscribers."""
        return len(self._streams) < len(self.brokers)

    async def open(self) -> None:
        for broker in self._streams:
            await broker.open()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What must run all the time."""
        return [
            *(dispatcher.run() for dispatcher in self.dispatchers),
            *(broker.tidy() for broker in self._streams),
            *(pings.run() for pings in self._pings),
        ]

    async def close(self) -> None:
        """Break off deliveries; their events come again."""
        await asyncio.gather(*(dispatcher.close() for dispatcher in self.dispatchers))
        if self._stormy:
            await self._stormy.close()

    async def describe(self) -> dict[str, Any]:
        under_way = {dispatcher.trigger.name: dispatcher.in_flight for dispatcher in self.dispatchers}
        return {
            f"{namespace}/{name}": {**await _depth(broker), "in_flight": under_way}
            for (namespace, name), broker in self.brokers.items()
        }


def _broker(spec: objects.Broker, triggers: Sequence[Trigger], redis: Redis) -> Broker | SynchronousBroker:
    if spec.kind is BrokerClass.IN_MEMORY:
        return SynchronousBroker(spec, triggers)
    return Broker(spec, triggers, redis)


async def _depth(broker: Broker | SynchronousBroker) -> dict[str, Any]:
    try:
        return await broker.depth()
    except (RedisError, OSError) as error:
        return {"error": f"Redis does not answer: {type(error).__name__}"}


def _check(platform: Platform, courier: Courier, brokers: Mapping[tuple[str, str], object]) -> None:
    for trigger in platform.triggers:
        if (trigger.namespace, trigger.broker) not in brokers:
            raise CannotStart(f"Trigger {trigger.name} names Broker {trigger.broker}, which no manifest defines.")
        _known(f"Trigger {trigger.name}", trigger.subscriber, courier)
        if trigger.delivery.dead_letter:
            _known(f"Trigger {trigger.name}", trigger.delivery.dead_letter, courier)
    for ping in platform.pings:
        _known(f"PingSource {ping.name}", ping.sink, courier)
        try:
            cron.read(ping.schedule).after(datetime.now(UTC))
        except cron.BadSchedule as error:
            raise CannotStart(f"PingSource {ping.name}: {error}.") from None


def _known(who: str, to: Destination, courier: Courier) -> None:
    if not courier.knows(to):
        raise CannotStart(f"{who} names {to.kind} {to.name}, which no manifest defines.")

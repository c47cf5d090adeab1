"""A courier in bad weather: what he carries may come late, twice, out of turn or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from local import chaos
from local.chaos import Fate
from local.cloud_event import CloudEvent
from local.courier import Carrier
from local.delivery import NO_RESPONSE, Answer
from local.objects import BrokerClass, Destination


class StormyCourier:
    """`carry` as of the courier it sends, but for the weather; what comes again comes until `close`."""

    def __init__(self, courier: Carrier, seed: int) -> None:
        self._courier = courier
        self._seed = seed
        self._numbers: Counter[str] = Counter()
        self._strays: set[asyncio.Task[Answer]] = set()

    async def carry(
        self,
        event: CloudEvent,
        to: Destination,
        *,
        within: timedelta | None,
        wants_reply: bool = False,
        kind: BrokerClass = BrokerClass.MT_CHANNEL,
    ) -> Answer:
        async def once(after: float = 0.0) -> Answer:
            await asyncio.sleep(after)
            return await self._courier.carry(event, to, within=within, wants_reply=wants_reply, kind=kind)

        fate = self._next_fate(f"{to.kind} {to.name}{to.path}")
        await asyncio.sleep(fate.late)
        if fate.again is not None:
            self._stray(once(fate.again))
        if fate.lost:
            return Answer(status=202)
        if fate.deaf:
            self._stray(once())
            return Answer(status=NO_RESPONSE)
        return await once()

    async def close(self) -> None:
        for stray in self._strays:
            stray.cancel()
        if self._strays:
            await asyncio.wait(self._strays, timeout=1)

    def _next_fate(self, place: str) -> Fate:
        self._numbers[place] += 1
        return chaos.fate(self._seed, place, self._numbers[place])

    def _stray(self, delivery: Coroutine[Any, Any, Answer]) -> None:
        task = asyncio.create_task(delivery)
        self._strays.add(task)
        task.add_done_callback(self._strays.discard)

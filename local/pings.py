"""PingSources: a CloudEvent whenever a schedule says so."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from local import cron, delivery
from local.cloud_event import CloudEvent
from local.courier import Carrier
from local.delivery import Journey, Stage
from local.objects import DeliverySpec, PingSource

TYPE: Final = "dev.knative.sources.ping"
_SPEC: Final = DeliverySpec(retry=5, backoff=timedelta(milliseconds=50), timeout=None)
_NAP: Final = 10.0
"""The longest sleep: a laptop's clock jumps when its lid is opened."""


@dataclass(frozen=True, slots=True)
class Pings:
    """Ticks until cancelled. A tick that was missed is not made up for."""

    source: PingSource
    courier: Carrier
    every: timedelta | None = None
    """Instead of the source's schedule, which knows no less than a minute."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def run(self) -> None:
        schedule = cron.Every(self.every) if self.every else cron.read(self.source.schedule)
        async with asyncio.TaskGroup() as ticks:
            while True:
                tick = schedule.after(self.now())
                await self._until(tick)
                ticks.create_task(self._send(event(self.source, tick)))

    async def _until(self, tick: datetime) -> None:
        while (left := (tick - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock has no event to wait for
            await asyncio.sleep(min(left, _NAP))

    async def _send(self, ping: CloudEvent) -> None:
        journey = Journey()
        while journey.stage is Stage.DELIVER:
            await asyncio.sleep(max(journey.due_at - self.now().timestamp(), 0))
            answer = await self.courier.carry(ping, self.source.sink, within=_SPEC.timeout)
            journey = delivery.after(journey, answer, _SPEC, self.now().timestamp())
        if journey.stage is Stage.LOST:
            logging.getLogger(self.source.name).warning("tick refused with %s", journey.code)


def event(source: PingSource, at: datetime) -> CloudEvent:
    return CloudEvent(
        attributes={
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": f"/apis/v1/namespaces/{source.namespace}/pingsources/{source.name}",
            "type": TYPE,
            "time": at.isoformat().replace("+00:00", "Z"),
        },
        content_type=source.content_type,
        data=source.data.encode(),
    )

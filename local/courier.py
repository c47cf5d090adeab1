"""Carries one event to one destination, once, and says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

from aiohttp import ClientError
from multidict import CIMultiDict

from local import delivery
from local.cloud_event import CloudEvent
from local.delivery import NO_RESPONSE, Answer
from local.objects import BrokerClass, Destination
from local.revision import Refusal, Request, Revision
from shared.core.errors import Unavailable

NamespacedName = tuple[str, str]
_USER_AGENT: Final = "Go-http-client/1.1"
"""Who a delivery comes from, as the dispatchers written in Go say it."""


class Inlet(Protocol):
    """A Broker as its producers see it."""

    async def put(self, event: CloudEvent) -> None:
        """Raises: Unavailable: It was not taken."""


class Carrier(Protocol):
    """Who brings events to their places."""

    async def carry(
        self,
        event: CloudEvent,
        to: Destination,
        *,
        within: timedelta | None,
        wants_reply: bool = False,
        kind: BrokerClass = BrokerClass.MT_CHANNEL,
    ) -> Answer: ...


class Courier:
    """Knows the Services and Brokers by namespace and name."""

    def __init__(self, revisions: Mapping[NamespacedName, Revision], brokers: Mapping[NamespacedName, Inlet]) -> None:
        self._revisions = revisions
        self._brokers = brokers

    def knows(self, to: Destination) -> bool:
        places: Mapping[NamespacedName, object] = self._brokers if to.kind == "Broker" else self._revisions
        return (to.namespace, to.name) in places

    async def carry(
        self,
        event: CloudEvent,
        to: Destination,
        *,
        within: timedelta | None,
        wants_reply: bool = False,
        kind: BrokerClass = BrokerClass.MT_CHANNEL,
    ) -> Answer:
        """What came of it, as Brokers of this kind take it."""
        if to.kind == "Broker":
            return await self._publish(event, to)
        try:
            async with asyncio.timeout(within.total_seconds() if within else None):
                return await self._post(event, to, kind, wants_reply=wants_reply)
        except TimeoutError:
            return Answer(status=NO_RESPONSE)

    async def _publish(self, event: CloudEvent, to: Destination) -> Answer:
        try:
            await self._brokers[to.namespace, to.name].put(event)
        except Unavailable:
            return Answer(status=503)
        return Answer(status=202)

    async def _post(self, event: CloudEvent, to: Destination, kind: BrokerClass, *, wants_reply: bool) -> Answer:
        revision = self._revisions[to.namespace, to.name]
        headers = CIMultiDict(event.headers())
        headers["Host"] = revision.host
        headers["Kn-Namespace"] = to.namespace
        headers["X-Forwarded-For"] = "127.0.0.1"
        headers["User-Agent"] = _USER_AGENT
        if wants_reply:
            headers["Prefer"] = "reply"
        request = Request(method="POST", target=to.path, headers=headers, body=event.data)
        try:
            async with revision.exchange(request) as response:
                return delivery.answer(response.status, response.headers, await response.read(), kind)
        except Refusal as refusal:
            return Answer(status=refusal.status, body=refusal.text.encode())
        except ClientError:
            return Answer(status=502)


def url(to: Destination) -> str:
    """The address that the destination has in a cluster."""
    return f"http://{to.name}.{to.namespace}.svc.cluster.local{'' if to.path == '/' else to.path}"

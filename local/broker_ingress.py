"""The Brokers' address, `/{namespace}/{broker}`, and `/status`: what a cluster keeps inside."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from local import cloud_event
from local.cloud_event import NotCloudEvent
from local.courier import Inlet
from shared.core.errors import Unavailable

_log = logging.getLogger("broker")

_MAX_EVENT: Final = 1024**2
"""As Kafka's default; the in-memory channel sets no limit."""
_ALLOW: Final = "POST, OPTIONS"


class BrokerIngress:
    """202 means stored, or with a synchronous Broker delivered. Nothing else is promised, and nothing less."""

    def __init__(
        self,
        brokers: Mapping[tuple[str, str], Inlet],
        status: Callable[[], Awaitable[Any]],
        away: Callable[[], bool] = lambda: False,
    ) -> None:
        """While `away` says so, events are answered 503."""
        self._brokers = brokers
        self._status = status
        self._away = away

    def app(self) -> web.Application:
        app = web.Application(client_max_size=_MAX_EVENT)
        app.router.add_get("/status", self._tell)
        app.router.add_route("*", "/{namespace}/{broker}", self._take)
        return app

    async def _tell(self, _request: web.Request) -> web.Response:
        return web.json_response(await self._status())

    async def _take(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(headers={"Allow": _ALLOW})
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": _ALLOW})
        broker = self._brokers.get((request.match_info["namespace"], request.match_info["broker"]))
        if broker is None:
            return web.Response(status=404, text="no such Broker")
        if self._away():
            return web.Response(status=503, text="the Broker is away")
        try:
            event = cloud_event.read(request.headers, await request.read())
        except NotCloudEvent as error:
            return web.Response(status=400, text=f"not a CloudEvent: {error}")
        return await _store(broker, event.but(knativearrivaltime=_now()))


async def _store(broker: Inlet, event: cloud_event.CloudEvent) -> web.Response:
    try:
        await broker.put(event)
    except Unavailable as error:
        _log.warning("refused %s: %s", event.attributes["type"], error)
        return web.Response(status=503, text=str(error))
    return web.Response(status=202)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")

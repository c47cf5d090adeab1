"""The way to the Broker: CloudEvents in binary mode over HTTP, to Knative's `K_SINK`."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import httpcore

from shared.adapters.http_network import BoundedNetwork
from shared.core import wire
from shared.core.errors import Unavailable
from shared.core.events import Event

TIMEOUT: Final = 3.0
"""Seconds for one event, all in all. Some Brokers answer only when every subscriber did; the outbox need not wait."""
KEEPALIVE: Final = 20.0
KEPT: Final = 8
"""Connections for later. The pool looks at each of them whenever it gives one out."""
MAX_ANSWER: Final = 256 * 1024


class HttpBroker:
    """An EventPublisher; connections are kept for the next event."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        address = urlsplit(url)
        if not url.isascii() or address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError("the Broker's address is an http:// or https:// URL")
        self._url = httpcore.URL(url)
        self._timeout = timeout
        self._network = BoundedNetwork()
        self._pool = httpcore.ConnectionPool(
            network_backend=self._network, keepalive_expiry=KEEPALIVE, max_keepalive_connections=KEPT
        )

    def publish(self, event: Event) -> None:
        headers, body = wire.to_http(event)
        try:
            status = self._post(headers, body)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unavailable(f"the Broker did not take event {event.id}: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise Unavailable(f"the Broker did not take event {event.id}: it answered {status}")

    def close(self) -> None:
        self._pool.close()

    def _post(self, headers: dict[str, str], body: bytes) -> int:
        with self._network.exchange(seconds=self._timeout, max_bytes=MAX_ANSWER) as bounds:
            try:
                return self._once(headers, body, bounds.seconds(None))
            except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
                # The Broker closed a kept connection as we spoke. An event said twice is said once: it has an id.
                return self._once(headers, body, bounds.seconds(None))

    def _once(self, headers: dict[str, str], body: bytes, seconds: float) -> int:
        extensions = {"timeout": dict.fromkeys(("pool", "connect", "read", "write"), seconds)}
        fields = list(headers.items())
        return self._pool.request("POST", self._url, headers=fields, content=body, extensions=extensions).status

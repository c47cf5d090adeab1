"""An issuer's keys behind an https:// URL that the platform's owner named. No redirect is followed, no proxy asked."""

from __future__ import annotations

import ssl
from typing import Final

import httpcore

from shared.adapters.http_network import BoundedNetwork
from shared.core.errors import Unavailable

TIMEOUT: Final = 3.0
"""Seconds for the whole exchange. A caller's request waits for it."""
MAX_ANSWER: Final = 256 * 1024


class HttpKeySet:
    """`tls` is for tests; others trust what SSL_CERT_FILE or the system names."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT, tls: ssl.SSLContext | None = None) -> None:
        self._url = httpcore.URL(url)
        self._timeout = timeout
        self._tls = tls or ssl.create_default_context()

    def fetch(self) -> bytes:
        try:
            response = self._answer()
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unavailable(f"the issuer did not tell its keys: {type(error).__name__}") from error
        if response.status != 200:
            raise Unavailable(f"the issuer did not tell its keys: it answered {response.status}")
        return response.content

    def _answer(self) -> httpcore.Response:
        network = BoundedNetwork()
        with (
            network.exchange(seconds=self._timeout, max_bytes=MAX_ANSWER),
            httpcore.ConnectionPool(self._tls, network_backend=network) as pool,
        ):
            return pool.request("GET", self._url, headers=[("Accept", "application/json"), ("Connection", "close")])

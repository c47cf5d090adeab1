"""The only way out to a URL that a caller gave.

Every request resolves the name once, judges all of its addresses and connects to one of those; the
name stays for Host, SNI and the certificate. No redirect is followed, no proxy asked, no
connection kept.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final

import httpcore

from shared.adapters.http_network import BoundedNetwork, Resolve, addresses_of, resolved
from shared.core import addresses, web_hook
from shared.core.addresses import Callback, Networks
from shared.core.delivery import Reply
from shared.core.errors import AddressRefused, Unresolved
from shared.core.web_hook import Answer

MAX_ANSWER: Final = 64 * 1024
"""Bytes that are read of an answer, its head included; the status counts, the rest is politeness."""
LINGER: Final = 1.0
"""Seconds for the rest of an answer, once its status is known: who hangs up early breaks the peer's log."""
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY})
"""What a resolver says of a name (RFC 3493, 6.1, and RFC 2553). All else it says of itself, or of others it asked."""
_CAUSES: Final = {
    ssl.SSLError: "tls",
    socket.gaierror: "dns",
    ConnectionRefusedError: "connection_refused",
    ConnectionResetError: "connection_reset",
    BrokenPipeError: "connection_reset",
}


class HttpWebhooks:
    """A WebhookSender. `resolve`, `network` and `tls` are for tests; any thread may use it."""

    def __init__(
        self,
        networks: Sequence[str] = (),
        *,
        timeout: timedelta = timedelta(seconds=15),
        upload_timeout: timedelta = timedelta(seconds=60),
        resolve: Resolve = addresses_of,
        network: httpcore.NetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._networks = Networks.of(networks)
        self._timeout = timeout.total_seconds()
        self._upload_timeout = upload_timeout.total_seconds()
        self._resolve = resolve
        self._network = network
        self._tls = tls or ssl.create_default_context()

    def check(self, url: str) -> None:
        callback = addresses.parse_callback(url, self._networks)
        try:
            found = resolved(self._resolve, callback.host, callback.port, self._timeout)
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            if getattr(error.__cause__, "errno", None) in _NO_SUCH_NAME:
                raise AddressRefused(addresses.NOWHERE) from None
            raise Unresolved(addresses.UNRESOLVED, retry_after=5) from None
        addresses.admit(callback, found, self._networks)

    def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        return self._asked("POST", url, _sized(headers, len(body)), body)[0]

    def put(self, url: str, headers: Sequence[tuple[str, str]], body: Iterable[bytes], *, length: int) -> Reply:
        return self._asked("PUT", url, _sized(headers, length), body, seconds=self._upload_timeout)[0]

    def ask(self, url: str, headers: Sequence[tuple[str, str]]) -> Answer:
        reply, said = self._asked("OPTIONS", url, _sized(headers, 0), b"")
        found = (said.get(name.lower(), "") for name in (web_hook.ALLOWED_ORIGIN, web_hook.ALLOWED_RATE))
        origin, rate = found
        return Answer(reply=reply, origin=origin, rate=rate)

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def _asked(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | Iterable[bytes],
        seconds: float | None = None,
    ) -> tuple[Reply, Mapping[str, str]]:
        """The reply, and the answer's headers by lower-case name."""
        try:
            callback = addresses.parse_callback(url, self._networks)
            return self._exchange(callback, _request(method, callback, headers, body), seconds or self._timeout)
        except AddressRefused:
            return Reply(error="address_refused"), {}
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Reply(error=_fault(error)), {}

    def _exchange(
        self, callback: Callback, request: httpcore.Request, seconds: float
    ) -> tuple[Reply, Mapping[str, str]]:
        admit = partial(addresses.admit, callback, networks=self._networks)
        network = BoundedNetwork(resolve=self._resolve, admit=admit, network=self._network)
        with (
            network.exchange(seconds=seconds, max_bytes=MAX_ANSWER) as bounds,
            httpcore.HTTPConnection(request.url.origin, self._tls, network_backend=network) as connection,
        ):
            response = connection.handle_request(request)
            bounds.shorten(LINGER)
            # The status is the answer. What becomes of the body does not change it.
            with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
                response.read()
            said = {name.lower().decode("latin-1"): value.decode("latin-1").strip() for name, value in response.headers}
            return Reply(status=response.status, retry_after=_retry_after(said)), said


def _sized(headers: Sequence[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    return [("Content-Length", str(length)), *headers]


def _request(
    method: str, callback: Callback, headers: Sequence[tuple[str, str]], body: bytes | Iterable[bytes]
) -> httpcore.Request:
    url = httpcore.URL(scheme=callback.scheme, host=callback.host, port=callback.port, target=callback.target)
    own = [("Host", callback.authority), ("Connection", "close")]
    fields = [(name.encode("ascii"), value.encode("latin-1")) for name, value in (*own, *headers)]
    return httpcore.Request(method, url, headers=fields, content=body)


def _fault(error: Exception) -> str:
    """The class of a fault, as one word."""
    if isinstance(error, httpcore.TimeoutException):
        return "timeout"
    for kind, word in _CAUSES.items():
        if isinstance(error.__cause__, kind):
            return word
    return "protocol" if isinstance(error, httpcore.ProtocolError) else "connection_failed"


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date, which counts from the peer's own `Date`."""
    value = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", value):
        return timedelta(seconds=int(value))
    with suppress(ValueError, TypeError):
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
        return max(wait, timedelta(0))
    return None

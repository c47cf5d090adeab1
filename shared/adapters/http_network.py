"""The network under an HTTP exchange: one deadline and one byte budget over all of it.

Timeouts of single operations do not bound a call: a peer that sends a byte now and then meets
each of them. So every socket operation gets what is left of the whole. For http_* only.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Final

import httpcore

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name; OSError when there are none."""
Admit = Callable[[Sequence[str]], None]
"""Raises if any of the addresses must not be connected to."""

RESOLVE_TIMEOUT: Final = 5.0
CONNECT_TIMEOUT: Final = 5.0
"""For one address of a name; the next one gets its own."""


def addresses_of(host: str, port: int) -> list[str]:
    """What this machine's resolver answers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def admit_all(addresses: Sequence[str]) -> None:
    """For destinations that the owner of the platform chose."""


def resolved(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[str]:
    """Ask `resolve`, for `seconds` at most.

    Raises:
        httpcore.ConnectTimeout: No answer in time.
        httpcore.ConnectError: No such name; the cause is an OSError.
    """
    answers: queue.SimpleQueue[Sequence[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    # getaddrinfo knows no timeout. Its thread may outlive us by what resolv.conf allows.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(min(seconds, RESOLVE_TIMEOUT), 0))
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name server did not answer in time") from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(str(answer)) from answer
    return answer


@dataclass(slots=True)
class Bounds:
    """What is left of one exchange: seconds until `end`, and bytes that may be read."""

    end: float
    bytes_left: int

    def seconds(self, wanted: float | None) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the exchange took too long as a whole")
        return left if wanted is None else min(wanted, left)

    def shorten(self, seconds: float) -> None:
        """Leave at most `seconds` from now on."""
        self.end = min(self.end, time.monotonic() + seconds)

    def took(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise httpcore.RemoteProtocolError("the answer is too long")


class _Current(threading.local):
    bounds: Bounds | None = None


class BoundedNetwork(httpcore.NetworkBackend):
    """Resolves a name once, lets `admit` judge every address, and connects to those and no others."""

    def __init__(
        self,
        *,
        resolve: Resolve = addresses_of,
        admit: Admit = admit_all,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._resolve = resolve
        self._admit = admit
        self._network = network or httpcore.SyncBackend()
        self._current = _Current()

    @contextmanager
    def exchange(self, *, seconds: float, max_bytes: int) -> Iterator[Bounds]:
        """Bound all that this thread does on this network, new connections and old ones."""
        self._current.bounds = bounds = Bounds(time.monotonic() + seconds, max_bytes)
        try:
            yield bounds
        finally:
            self._current.bounds = None

    @property
    def bounds(self) -> Bounds:
        if self._current.bounds is None:
            raise RuntimeError("this network is used within exchange() only")
        return self._current.bounds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolved(self._resolve, host, port, self.bounds.seconds(timeout))
        self._admit(addresses)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout = httpcore.ConnectError("the name has no address")
        for address in addresses:
            seconds = min(self.bounds.seconds(timeout), CONNECT_TIMEOUT)
            try:
                stream = self._network.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _BoundedStream(stream, self)
        raise failure


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, network: BoundedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._network.bounds.seconds(timeout))
        self._network.bounds.took(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Not the stream's own write: that allows its timeout anew for every part that the peer takes.
        connection: socket.socket = self._stream.get_extra_info("socket")
        try:
            while buffer:
                connection.settimeout(self._network.bounds.seconds(timeout))
                buffer = buffer[connection.send(buffer) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout("the peer took too long to read") from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = self._network.bounds.seconds(timeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

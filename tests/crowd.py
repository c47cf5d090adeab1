"""Many callers who watch videos, in one thread."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

BATCH = 50


class Crowd:
    """Opens a stream at each path, reads them all, and counts what was said."""

    def __init__(self, port: int, key: str, paths: Iterable[str], *, batch: int = BATCH) -> None:
        self._port = port
        self._key = key
        self._selector = selectors.DefaultSelector()
        self._heard: dict[socket.socket, bytearray] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._paths = list(paths)
        self._batch = batch

    def __enter__(self) -> Self:
        """By default not all at once: each batch comes in when the one before it was told something."""
        self._thread.start()
        for n in range(0, len(self._paths), self._batch):
            self._open(self._paths[n : n + self._batch])
            self.wait(lambda _: all(self._heard.values()))
        return self

    def _open(self, paths: list[str]) -> None:
        for path in paths:
            wire = socket.create_connection(("127.0.0.1", self._port), timeout=20)
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._key}\r\n\r\n"
            wire.sendall(head.encode())
            wire.setblocking(False)
            self._heard[wire] = bytearray()
            self._selector.register(wire, selectors.EVENT_READ)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        for wire in self._heard:
            wire.close()
        self._selector.close()

    def count(self, text: str) -> int:
        """Those who heard it at least once."""
        return sum(text.encode() in heard for heard in self._heard.values())

    def total(self, text: str) -> int:
        """How often it was said."""
        return sum(heard.count(text.encode()) for heard in self._heard.values())

    @property
    def ended(self) -> int:
        """Streams that came to an end as a whole: to the last chunk of HTTP's."""
        return sum(heard.endswith(b"\r\n0\r\n\r\n") for heard in self._heard.values())

    def wait(self, what: Callable[[Self], bool], timeout: float = 60) -> float:
        """Seconds until it came true."""
        began = time.monotonic()
        while not what(self):
            assert time.monotonic() - began < timeout, f"the crowd did not hear it within {timeout} s"
            time.sleep(0.02)
        return time.monotonic() - began

    def _read(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                wire = key.fileobj
                assert isinstance(wire, socket.socket)
                data = self._received(wire)
                self._heard[wire] += data
                if not data:
                    self._selector.unregister(wire)

    @staticmethod
    def _received(wire: socket.socket) -> bytes:
        try:
            return wire.recv(65536)
        except OSError:
            return b""

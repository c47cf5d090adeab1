"""A TCP proxy on loopback that breaks connections on purpose."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class FaultProxy:
    """Passes bytes between callers and one server, and loses what it is told to lose.

    Answers are counted in chunks as they arrive; a small answer is one chunk.
    """

    def __init__(self, port: int) -> None:
        self._upstream = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._moving = threading.Event()
        self._moving.set()
        self._closed = False
        self._cuts: list[int] = []
        self.answers = 0
        """How many answers passed or were lost since the last `cut`."""

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._moving.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
        for thread in self._threads:
            thread.join(timeout=5)

    def cut(self, *nth: int) -> None:
        """Lose the nth answers from now (1: the next), and break their connections; the server has done the work."""
        with self._lock:
            self.answers = 0
            self._cuts = list(nth)

    def freeze(self) -> None:
        """Take everything, pass on nothing."""
        self._moving.clear()

    def thaw(self) -> None:
        self._moving.set()

    def reset(self) -> None:
        """Break every connection there is."""
        with self._lock:
            broken, self._open = self._open, set()
        for connection in broken:
            _break(connection)

    def _run(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._upstream, timeout=5)
            except OSError:
                _break(caller)
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {caller, server}
            self._run(self._pump, caller, server, False)
            self._run(self._pump, server, caller, True)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                self._moving.wait()
                if answers and self._is_lost():
                    _break(sink)
                    break
                sink.sendall(chunk)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open.discard(end)
            end.close()

    def _is_lost(self) -> bool:
        with self._lock:
            self.answers += 1
            return self.answers in self._cuts


def _break(connection: socket.socket) -> None:
    """Close with RST, as a dead peer's kernel would."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()

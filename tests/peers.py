"""Servers on loopback that behave as a function says, byte by byte: for faults that no library would commit."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

Script = Callable[["Visit"], None]


class Visit:
    """One connection, seen from the server; `number` counts from 0."""

    def __init__(self, connection: socket.socket, number: int, stop: threading.Event) -> None:
        self.connection = connection
        self.number = number
        self._stop = stop
        self._unread = b""

    def request(self) -> tuple[list[str], bytes]:
        """Read one request: its head by lines, and its body. ConnectionError when there is none."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
        while len(self._unread) < length:
            self._more()
        body, self._unread = self._unread[:length], self._unread[length:]
        return lines, body

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: str, *headers: str) -> None:
        head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Length: 0", *headers))
        self.send(f"{head}\r\n\r\n".encode("latin-1"))

    def drip(self, data: bytes, *, every: float) -> None:
        """Send `data` again and again, one byte at a time, for as long as anybody listens."""
        while True:
            for byte in data:
                self.send(bytes([byte]))
                self.wait(every)

    def wait(self, seconds: float) -> None:
        """Do nothing; ConnectionError once the test is over."""
        if self._stop.wait(seconds):
            raise ConnectionError

    def _more(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError
        self._unread += data


class Peer:
    """A server whose every connection is led by `script`, in a thread of its own."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.visits = 0
        self._script = script
        self._tls = tls
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "a script did not end"
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._lead, args=(connection, self.visits))
            self.visits += 1
            self._threads.append(thread)
            thread.start()

    def _lead(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(8)
        with ExitStack() as stack, suppress(OSError):
            stack.callback(connection.close)
            if self._tls is not None:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            self._script(Visit(connection, number, self._stop))


@contextmanager
def peer(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    server = Peer(script, tls)
    try:
        yield server
    finally:
        server.close()


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

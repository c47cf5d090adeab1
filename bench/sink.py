"""Stands in for the Broker: takes every event at once. Prints its port."""

from __future__ import annotations

import asyncio
from typing import cast

_TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Sink(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            size = self._length(self._buffer[:end]) + end + 4
            if len(self._buffer) < size:
                return
            self._buffer = self._buffer[size:]
            self._transport.write(_TAKEN)

    @staticmethod
    def _length(head: bytes) -> int:
        lines = head.lower().split(b"\r\n")
        return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""Receives callbacks and notes when each came: `GET /` tells them and forgets them. Prints its port."""

from __future__ import annotations

import asyncio
import json
import time
from typing import ClassVar, cast

_TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Inbox(asyncio.Protocol):
    arrived: ClassVar[list[tuple[str, float]]] = []
    """The video of each callback, and the time."""
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        if head.startswith(b"GET"):
            text = json.dumps(self.arrived).encode()
            self.arrived.clear()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
            self._buffer = rest
        elif len(rest) >= int(fields[b"content-length"]):
            subject = fields.get(b"ce-subject", b"").decode().replace("video_", "").upper()
            self.arrived.append((f"video_{subject}", time.time()))
            self._transport.write(_TAKEN)
            self._buffer = b""


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Inbox, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

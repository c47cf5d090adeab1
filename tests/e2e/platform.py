"""The whole platform as a newcomer starts it: `python -m local run`, its own ports and data folder."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]


def free_port_pair() -> int:
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def eventually(look: Callable[[], Any], what: str, timeout: float = 60) -> Any:
    """The first true answer of `look`."""
    end = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.05)
    return found


class Platform:
    """One platform. Started again it goes on with the same ports and data."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port_pair()
        self.data_dir = folder / "data"
        self.log_file = folder / "platform.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "CI")}
        env |= {"PORT": str(self.port), "DATA_DIR": str(self.data_dir), "DRAIN_SECONDS": "1"} | self._settings
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local", "run"],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        eventually(self._is_up, f"platform up; see {self.log_file}", timeout=30)

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log_file.read_text()[-4000:]
        try:
            self.status()
        except OSError:
            return False
        return True

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGINT)
        status = self._process.wait(timeout=40)
        self._process = None
        return status

    def kill(self) -> None:
        """kill -9 of the runtime: broker, autoscaler and ingress at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    @property
    def api_key(self) -> str:
        return (self.data_dir / "api-key").read_text().strip()

    @property
    def webhook_secret(self) -> str:
        return (self.data_dir / "webhook-secret").read_text().strip()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """One request to the API with the platform's key; any status is an answer."""
        data = None if body is None else json.dumps(body).encode()
        send = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"} | headers
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, send, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def create(self, **fields: Any) -> str:
        """The id of an accepted job; a client that repeats what was not accepted."""
        body = {"prompt": "a red cat on the sea"} | fields

        def post() -> str | None:
            try:
                status, _, answer = self.call("POST", "/v1/videos", body)
            except OSError:
                return None
            assert status in (202, 502, 503, 504), (status, answer)
            return json.loads(answer)["id"] if status == 202 else None

        return eventually(post, "job accepted")

    def video(self, job_id: str) -> dict[str, Any]:
        status, _, body = self.call("GET", f"/v1/videos/{job_id}")
        assert status == 200, (status, body)
        return json.loads(body)

    def videos(self) -> list[dict[str, Any]]:
        """The newest hundred."""
        status, _, body = self.call("GET", "/v1/videos?limit=100")
        assert status == 200, (status, body)
        return json.loads(body)["data"]

    def finished(self, job_id: str, timeout: float = 120) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            try:
                status, _, body = self.call("GET", f"/v1/videos/{job_id}")
            except OSError:
                return None
            video = json.loads(body) if status == 200 else {"status": "queued"}
            return video if video["status"] not in ("queued", "in_progress") else None

        return eventually(look, f"{job_id} finished; see {self.log_file}", timeout)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is drawn meanwhile."""
        assert 200 == self.call("POST", "/admin/queue/pause", {"reason": "test"})[0]
        try:
            yield
        finally:
            assert 200 == self.call("POST", "/admin/queue/resume", {})[0]

    def status(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + 1}/status", timeout=5) as answer:
            return json.load(answer)

    def pids(self, service: str) -> list[int]:
        """The processes of a Service's instances that can take requests."""
        instances = self.status()["services"][service]["instances"]
        return [instance["pid"] for instance in instances if instance["state"] == "Ready"]

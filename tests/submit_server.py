"""One instance of submit: gunicorn as knative/base/submit.yaml starts it, over a real store."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared.core.access import new_api_key

ROOT = Path(__file__).parents[1]
APP = "functions.submit.app:create_app()"


def arguments() -> list[str]:
    """gunicorn's, without the app."""
    service = yaml.safe_load((ROOT / "knative" / "base" / "submit.yaml").read_text())
    [container] = service["spec"]["template"]["spec"]["containers"]
    return [argument for argument in container["args"] if argument != APP]


class SubmitServer:
    """Started when made; `more` come behind the manifest's arguments, `variables` among the environment's."""

    def __init__(
        self,
        folder: Path,
        redis_url: str,
        *,
        more: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        app: str = APP,
    ) -> None:
        self.key = new_api_key()
        self.log = folder / "log"
        (folder / "artifacts").mkdir(exist_ok=True)
        own = {"REDIS_URL": redis_url, "ARTIFACTS_URL": f"file://{folder}/artifacts", "K_SINK": "memory://"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # Its port is ours before it starts: a free port may be another's by then.
        with socket.create_server(("127.0.0.1", 0), backlog=2048) as door, self.log.open("ab") as log:
            self.port: int = door.getsockname()[1]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments(), f"--bind=fd://{door.fileno()}", *more, app],
                cwd=ROOT,
                env=kept | own | {"API_KEYS": self.key} | dict(variables or {}),
                stdout=log,
                stderr=log,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    def call(self, method: str, path: str, body: object = None, timeout: float = 40) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data.startswith(b"{") else data
        finally:
            connection.close()

    def await_ready(self, timeout: float = 30) -> None:
        end = time.monotonic() + timeout
        while not self._is_ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.02)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz", timeout=3)[0] == 200
        except OSError:
            return False

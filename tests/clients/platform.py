"""submit in gunicorn over a real store, and a worker that draws what is queued there: what a client speaks to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from functions.generate.handler import Painter
from shared import wiring
from shared.core.access import new_api_key
from shared.core.errors import Busy
from shared.settings import Settings
from tests.engines.as_told import AsTold
from tests.functions.studio import eventually

ROOT = Path(__file__).parents[2]


class Submit:
    """One instance of submit, with its own variables."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.key = variables["API_KEYS"]
        self.log = folder / f"submit-{len(list(folder.iterdir()))}.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # Its port is ours before it starts: a free port may be another's by then.
        with socket.create_server(("127.0.0.1", 0)) as door, self.log.open("ab") as log:
            self.url = f"http://127.0.0.1:{door.getsockname()[1]}"
            arguments = ["--config=functions/gunicorn.conf.py", f"--bind=fd://{door.fileno()}", "--threads=16"]
            arguments += ["--graceful-timeout=10", "functions.submit.app:create_app()"]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments],
                cwd=ROOT,
                env=kept | variables,
                stdout=log,
                stderr=log,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    def answers(self, path: str = "/healthz") -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(self.url + path, timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def list(self, query: str = "") -> list[dict[str, Any]]:
        """The newest videos, as anybody with a key sees them."""
        asked = urllib.request.Request(f"{self.url}/v1/videos?{query}", headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]
            return found

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Platform:
    """Stores, submit, and a worker in a thread of ours."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        (folder / "artifacts").mkdir()
        self.variables = {
            "REDIS_URL": redis_url,
            "ARTIFACTS_URL": f"file://{folder}/artifacts",
            "K_SINK": "memory://",
            "API_KEYS": new_api_key(),
            "MODEL_ALIASES": "sora-2=mochi-1-tiny",
            "LEASE_SECONDS": "10",
            "HEARTBEAT_SECONDS": "0.1",
        }
        self._submits: list[Submit] = []
        self._stop = threading.Event()
        self._worker = threading.Thread(target=self._draw)

    def start(self, *, drawing: bool = True) -> Submit:
        """The first instance; without `drawing`, jobs wait for `draw`."""
        if drawing:
            self._worker.start()
        submit = self.submit()
        eventually(lambda: submit.answers("/readyz"), timeout=30)
        return submit

    def submit(self, **variables: str) -> Submit:
        """Another instance, set up otherwise; it may not be ready."""
        submit = Submit(self.folder, self.variables | variables)
        self._submits.append(submit)
        eventually(submit.answers, timeout=30)
        return submit

    def end(self) -> None:
        self._stop.set()
        for submit in self._submits:
            submit.end()
        if self._worker.ident is not None:
            self._worker.join(10)
        assert not self._worker.is_alive()

    def draw(self) -> None:
        """Draw all that is queued, as a worker that is woken does."""
        with self._painter() as painter:
            painter.serve()

    def _draw(self) -> None:
        with self._painter() as painter:
            while not self._stop.wait(0.05):
                with suppress(Busy):  # told to stop in between
                    painter.serve()

    @contextmanager
    def _painter(self) -> Iterator[Painter]:
        settings = Settings.from_env(self.variables)
        services = wiring.build(settings)
        try:
            yield Painter(services, AsTold(settings), settings, drain=self._stop)
        finally:
            services.close()

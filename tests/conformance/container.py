"""A function's container without a container: the command of its manifest, with an environment of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.site import Answer, exchange

ROOT = Path(__file__).parents[2]
START = 30.0


def manifest(name: str) -> dict[str, Any]:
    """The first container of the Service."""
    found = yaml.safe_load((ROOT / "knative" / "base" / f"{name}.yaml").read_text())
    containers: list[dict[str, Any]] = found["spec"]["template"]["spec"]["containers"]
    return containers[0]


class Container:
    """Started by `PORT` alone, with a home that it may not write to."""

    def __init__(self, folder: Path, name: str, environ: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = _free_port()
        spec = manifest(name)
        program, *arguments = [*spec["command"], *spec["args"]]
        beside = Path(sys.executable).with_name(program)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(beside) if beside.exists() else str(shutil.which(program)), *arguments],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PORT": str(self.port), **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> Container:
        deadline = time.monotonic() + START
        path = manifest(self.name)["readinessProbe"]["httpGet"]["path"]
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            try:
                if self.ask("GET", path).status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        host: str = "127.0.0.1",
        timeout: float = 3,
    ) -> Answer:
        """A probe of Kubernetes waits for 3 s in our manifests; so does this."""
        return exchange(method, f"http://{host}:{self.port}{path}", body, headers or {}, timeout)

    def end(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port

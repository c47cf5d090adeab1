"""One function as its container runs it, without a container: the image's packages, its /app, its user, a read-only root."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import yaml

from shared.core.access import new_api_key
from tests.image.stages import ROOT, Stage, line

USER = 65532
SECRETS = {
    "API_KEYS": new_api_key(),
    "KEY_PEPPER": 64 * "0",
    "WEBHOOK_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
    "WEBHOOK_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}
KNATIVE = {"K_SERVICE": "it", "K_CONFIGURATION": "it", "K_REVISION": "it-00001", "PORT": "0"}
"""What Knative tells every container; port 0 is any free one."""


def manifest(name: str) -> Mapping[str, Any]:
    """The container of a Service of knative/base."""
    service = yaml.safe_load((ROOT / "knative" / "base" / f"{name}.yaml").read_text())
    [container] = service["spec"]["template"]["spec"]["containers"]
    return dict(container)


def environment(container: Mapping[str, Any], stores: Mapping[str, str]) -> dict[str, str]:
    """The container's variables: from the manifest, its ConfigMap, and these places instead of a cluster's."""
    config = yaml.safe_load((ROOT / "knative" / "base" / "config.yaml").read_text())["data"]
    said = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    known = config | SECRETS | said | stores
    return {each["name"]: known.get(each["name"], "") for each in container["env"]}


def as_nobody() -> list[str]:
    """The image's user, if we may become another. It may read what it finds, as in the image, and write nothing."""
    if os.geteuid() != 0:
        return []
    right = ("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search", "--bounding-set")
    user = (f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
    return [shutil.which("setpriv") or "setpriv", *user, *right, "-all,+dac_read_search", "--no-new-privs"]


@dataclass
class Container:
    """Started by `with`; it must be told to stop, and is killed at the end if it did not."""

    name: str
    stages: Mapping[str, Stage]
    stage: str
    packages: Path
    app: Path
    stores: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Self:
        container = manifest(self.name)
        image = {key: value for stage in line(self.stages, self.stage) for key, value in stage.env().items()}
        image["PATH"] = image["PATH"].replace("/opt/flipbook", str(self.packages))
        del image["HOME"]  # whoever runs it may not have set one
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*as_nobody(), *container["command"], *container["args"]],
                cwd=self.app,
                env=image | KNATIVE | environment(container, self.stores),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def await_answer(self, path: str, timeout: float = 60) -> int:
        """The status of the first answer that is not a refusal to serve yet."""
        end = time.monotonic() + timeout
        while (status := self._status(path)) in (0, 503):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)
        return status

    def stop(self, timeout: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def _status(self, path: str) -> int:
        """0: nobody listens."""
        doors = [each for each in psutil.Process(self.process.pid).net_connections("tcp") if each.status == "LISTEN"]
        if not doors:
            return 0
        connection = http.client.HTTPConnection("127.0.0.1", doors[0].laddr.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

"""From the exec of generate's gunicorn to the first denoising step of the job that woke it, and all that is between.

    python bench/first_step.py [--rounds N] [--wide] [--against FOLDER] [--imports]

The process is started as knative/base/generate.yaml says, on the CPU, over a real Valkey and a real S3 server, and has
the bell as soon as it is ready: so does the activator. The weights are in the page cache; with --wide there are 2 GB of
them (bench/cold_start.py). FOLDER is a checkout of another state, and takes turns. --imports tells what they cost.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

import boto3
import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import cold_start
from shared.core import events, wire
from shared.core.job import Job
from shared.core.progress import Phase
from tests import rgw
from tests.receiver import Receiver
from tests.servers import Valkey, free_port
from tests.stores import REQUEST, Stores, redis_stores

ROOT: Final = Path(__file__).resolve().parents[1]
STEPS: Final = 50
"""As many as let nobody miss the first."""
TINY: Final = "mochi-1-tiny"
WIDE: Final = "mochi-1-preview"
LARGEST: Final = 15
PAUSE_S: Final = 0.005

Marks = dict[str, float]
"""Seconds since the exec, and the CPU seconds of arbiter and worker, in the order of the table's rows."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands around the process."""

    stores: Stores
    environment: dict[str, str]
    model: str
    log: Path

    def round(self, checkout: Path) -> Marks:
        """One process, from its exec to the end of its first job."""
        job = self.stores.add(request=replace(REQUEST, model=self.model, num_inference_steps=STEPS))
        port = free_port()
        began = time.monotonic()
        with self._process(checkout, port) as process:
            _ask(port, "GET", "/readyz")
            ready = time.monotonic() - began
            cpu = _spent(process)
            with ThreadPoolExecutor(1) as bell:
                rung = bell.submit(self._ring, port, job)
                self._await_first_step(job)
                first, cpu_first = time.monotonic() - began, _spent(process)
                rung.result()
        return {
            "exec to ready": ready,
            "ready to the first step": first - ready,
            "exec to the first step": first,
            "CPU time to ready": cpu,
            "CPU time to the first step": cpu_first,
        }

    def imports(self, checkout: Path) -> list[tuple[float, str]]:
        """Seconds of each module with all that it brought along, the longest first."""
        self.log.write_bytes(b"")
        told = replace(self, environment=self.environment | {"PYTHONPROFILEIMPORTTIME": "1"})
        told.round(checkout)
        lines = [line.split("|") for line in self.log.read_text().splitlines() if line.startswith("import time:")]
        return sorted(((int(each[1]) / 1e6, each[2].strip()) for each in lines[1:] if len(each) == 3), reverse=True)

    @contextmanager
    def _process(self, checkout: Path, port: int) -> Iterator[psutil.Process]:
        service = yaml.safe_load((checkout / "knative" / "base" / "generate.yaml").read_text())
        [container] = service["spec"]["template"]["spec"]["containers"]
        command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *container["args"]]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=checkout, env=self.environment, stdout=log, stderr=log)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)

    def _ring(self, port: int, job: Job) -> None:
        headers, body = wire.to_http(events.wake_up(job.id, job.changed_at))
        _ask(port, "POST", "/", body, dict(headers))

    def _await_first_step(self, job: Job) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            progress, _ = self.stores.jobs.progress(self.stores.jobs.get(job.id))
            if progress is not None and progress.phase is Phase.DENOISING and progress.step:
                return
            time.sleep(PAUSE_S)
        raise SystemExit(f"no step within a minute:\n{self.log.read_text()[-4000:]}")


def _ask(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
    """Connect as soon as somebody listens, and wait for the answer, which must be 200."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, headers or {})
        except ConnectionRefusedError:
            time.sleep(PAUSE_S)
            continue
        status = connection.getresponse().status
        connection.close()
        if status != 200:
            raise SystemExit(f"generate answered {status}")
        return
    raise SystemExit("nobody listens")


def _spent(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in (process, *process.children())]
    return float(sum(each.user + each.system for each in times))


def widen(weights: Path) -> None:
    """The tiny model, with two layers of mochi-1-preview's width in place of its own."""
    shutil.copytree(weights / TINY, weights / WIDE)
    for name in ("text_encoder", "transformer"):
        shutil.rmtree(weights / WIDE / name)
    cold_start.write(weights / WIDE, tiny=False)


@contextmanager
def stage(*, wide: bool) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = Valkey(folder)
        store.start()
        stack.callback(store.kill)
        (folder / "rgw").mkdir()
        bucket = stack.enter_context(rgw.running(folder / "rgw"))
        session = boto3.Session(*bucket.owner, region_name="us-east-1")
        session.client("s3", endpoint_url=bucket.endpoint).create_bucket(Bucket="artifacts")
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "REDIS_URL": store.url,
            "K_SINK": stack.enter_context(Receiver(202)).url,
            "ARTIFACTS_URL": "s3://artifacts/videos",
            "S3_ENDPOINT_URL": bucket.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": bucket.owner[0],
            "AWS_SECRET_ACCESS_KEY": bucket.owner[1],
            "WEIGHTS_DIR": str(folder / "weights"),
            "MODELS": TINY,
            "REQUEST_TIMEOUT_SECONDS": "600",
            "LOG_LEVEL": "WARNING",
        }
        stores = stack.enter_context(redis_stores(store.url))
        tiny = Stage(stores, environment, TINY, folder / "log")
        tiny.round(ROOT)  # builds the model, and has all files in the page cache
        if wide:
            widen(folder / "weights")
        model = WIDE if wide else TINY
        yield replace(tiny, environment=environment | {"MODELS": model}, model=model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--imports", action="store_true")
    asked = parser.parse_args()
    states = {"before": asked.against.resolve(), "now": ROOT} if asked.against else {"now": ROOT}
    busy = os.getloadavg()[1]
    with stage(wide=asked.wide) as around:
        for checkout in states.values():
            around.round(checkout)
        found: dict[str, list[Marks]] = {name: [] for name in states}
        for _ in range(asked.rounds):
            for name, checkout in states.items():
                found[name].append(around.round(checkout))
        longest = around.imports(ROOT)[:LARGEST] if asked.imports else []
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "gunicorn", "flask", "redis", "boto3", "av"))
    print(f"{os.cpu_count()} CPU cores, Linux {platform.release()}, Python {platform.python_version()}, {libraries};")
    print(f"median (lowest to highest) of {asked.rounds} processes each; load average before: {busy:.1f}.\n")
    print(f"| {around.model}: s | {' | '.join(states)} |\n| --- |{' --- |' * len(states)}")
    for mark in found["now"][0]:
        print(f"| {mark} | {' | '.join(shown([each[mark] for each in marks]) for marks in found.values())} |")
    if longest:
        print("\n| import, with what it brings along | s |\n| --- | --- |")
        print("\n".join(f"| {name} | {seconds:.3f} |" for seconds, name in longest))


def shown(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    main()

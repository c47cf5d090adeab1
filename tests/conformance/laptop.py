"""`python -m local run` as a site: the platform on this machine, with an engine that draws as the prompt says."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conformance.site import Site, exchange

ROOT = Path(__file__).parents[2]
QUICK = {
    "ENGINE": "tests.engines.as_told:AsTold",
    "LEASE_SECONDS": "3",
    "HEARTBEAT_SECONDS": "0.5",
    "TICK_SECONDS": "1",
    "RESEND_SECONDS": "1",
    "DRAIN_SECONDS": "1",
}
"""What a cluster repairs within minutes is repaired within seconds here."""
START = 30.0
MEMORY = Path("/dev/shm")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Site]:
    """Its data are in memory where there is such a place: Redis answers when the disk has synced, and a disk that other
    work keeps busy for a second would look like a fault of ours.
    """
    place = MEMORY if os.access(MEMORY, os.W_OK) else folder
    with (
        tempfile.TemporaryDirectory(prefix="flipbook-", dir=place) as data,
        _running(folder / "log", Path(data), arguments) as site,
    ):
        yield site


@contextmanager
def _running(log: Path, data: Path, arguments: tuple[str, ...]) -> Iterator[Site]:
    port = _free_port_pair()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ = kept | QUICK | {"PORT": str(port), "DATA_DIR": str(data), "OMP_NUM_THREADS": "1"}
    process = _start(arguments, environ, log)
    try:
        _await_door(port + 1, process, log)
        yield Site(
            url=f"http://127.0.0.1:{port}",
            broker=f"http://127.0.0.1:{port + 1}/flipbook/default",
            key=(data / "api-key").read_text().strip(),
            patience=60,
            calm=True,
        )
    finally:
        sys.stdout.write(log.read_text())  # shown when a test fails
        process.send_signal(signal.SIGINT)
        status = process.wait(40)
    assert status == 0, f"it ended with {status}"


def _start(arguments: tuple[str, ...], environ: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "local", "run", *arguments],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _await_door(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            return _assert_up(port)
        except OSError:
            time.sleep(0.05)


def _assert_up(port: int) -> None:
    assert exchange("GET", f"http://127.0.0.1:{port}/status", None, {}, timeout=5).status == 200


def _free_port_pair() -> int:
    """A port that is free together with the next one, from below those that the system hands out by itself."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port

"""How fast the platform itself is: everything but the model's own work. Prints one table.

    python bench/end_to_end.py [--markdown FILE]

Runs `python -m local run` on free ports with its data in a temporary folder; about two minutes.
"""

from __future__ import annotations

import argparse
import os
import platform as host
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.e2e.platform import Platform, eventually
from tests.receiver import Receiver

INSTANT = "tests.engines.instant:Instant"
OPTIONS = ("--config=functions/gunicorn.conf.py", "--threads=16")
WARM_JOBS = 60

Row = tuple[str, str, str]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--markdown", type=Path, help="also write the table to this file")
    target = arguments.parse_args().markdown
    rows = [*first_answer(), *post_to_callback(), *cold_start(), *functions()]
    table = render(rows)
    print(table)
    if target:
        target.write_text(table)


def first_answer() -> list[Row]:
    """From the command to the first answer of the API, set-up done before."""
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            with Platform(Path(folder), ENGINE=INSTANT) as platform:
                platform.create()
                seconds.append(time.perf_counter() - began)
    return [("`make run` to the first accepted job, after set-up", show(seconds, "s"), "< 5 s")]


def post_to_callback() -> list[Row]:
    """A job that draws nothing, through every part of the warm platform, one at a time."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Platform(Path(folder), ENGINE=INSTANT) as platform,
        Receiver() as inbox,
    ):
        milliseconds = []
        for count in range(1, WARM_JOBS + 6):
            began = time.perf_counter()
            platform.create(webhook=inbox.url, num_frames=7)
            inbox.wait(count)
            milliseconds.append((time.perf_counter() - began) * 1000)
        return [
            ("POST to signed callback, stub engine, warm: median", show(milliseconds[5:], "ms"), "< 100 ms"),
        ]


def cold_start() -> list[Row]:
    """generate from zero to the first denoising step of the tiny model, its weights already built."""
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        for run in range(4):
            with Platform(Path(folder)) as platform:
                platform.call("GET", "/v1/videos")  # submit is up: the wait for generate alone counts
                began = time.perf_counter()
                job_id = platform.create(num_inference_steps=50)
                eventually(lambda p=platform, j=job_id: (p.video(j)["step"] or 0) > 0, "first step")
                if run:
                    seconds.append(time.perf_counter() - began)
    return [("POST to the first step of mochi-1-tiny, generate at zero", show(seconds, "s"), "< 12 s")]


def functions() -> list[Row]:
    """Resident memory and start-up of the three functions that run without torch."""
    rows = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Platform(Path(folder), ENGINE=INSTANT) as platform,
        Receiver() as inbox,
    ):
        platform.create(webhook=inbox.url)
        inbox.wait(1)
        environ = environment_of(platform.pids("notify")[0])
    for name in ("submit", "notify", "recover"):
        starts, sizes = zip(*(start(name, environ) for _ in range(5)), strict=True)
        rows.append((f"{name}: process start to ready", show(starts, "s"), "< 1.5 s"))
        rows.append((f"{name}: resident, gunicorn's arbiter and worker", show(sizes, "MB"), "< 80 MB"))
    return rows


def environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def start(name: str, environ: dict[str, str]) -> tuple[float, float]:
    """Start one function by itself; seconds until it answers, and the megabytes of arbiter and worker then."""
    with tempfile.TemporaryDirectory() as folder:
        address = Path(folder) / "socket"
        env = {"PATH": os.environ["PATH"], "REDIS_URL": "memory://", "ARTIFACTS_URL": f"file://{folder}"}
        env |= {
            "API_KEYS": "fb_00000000_" + "x" * 43,
            "WEBHOOK_SECRET": environ["WEBHOOK_SECRET"],
            "K_SINK": "http://127.0.0.1:9/",
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gunicorn",
                *OPTIONS,
                f"--bind=unix:{address}",
                f"functions.{name}.app:create_app()",
            ],
            env=env,
        )
        try:
            eventually(lambda: healthy(address), f"{name} is up", timeout=20)
            seconds = time.perf_counter() - began
            [worker] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return seconds, resident(process.pid, int(worker))
        finally:
            process.terminate()
            process.wait()


def healthy(address: Path) -> bool:
    import socket

    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(5)
            wire.connect(str(address))
            wire.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return wire.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def resident(*pids: int) -> float:
    """Megabytes in memory of processes together; what they share is counted once (proportional set size)."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in pids]
    return sum(int(line.split()[1]) for rollup in rollups for line in rollup if line.startswith("Pss:")) / 1024


def show(values: list[float] | tuple[float, ...], unit: str) -> str:
    """Median, and the span of all runs."""
    digits = 2 if unit == "s" else 0
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f} to {high:.{digits}f}, n={len(values)})"


def render(rows: list[Row]) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers", "flask", "gunicorn", "redis"))
    head = (
        f"# The platform itself, {datetime.now(UTC):%Y-%m-%d}\n\n"
        f"{os.cpu_count()} CPU cores, {host.system()} {host.machine()}, Python {host.python_version()}; {versions}.\n"
        "Median (lowest to highest, number of runs).\n\n| what | measured | target |\n| --- | --- | --- |\n"
    )
    return head + "".join(f"| {what} | {measured} | {target} |\n" for what, measured, target in rows)


if __name__ == "__main__":
    main()

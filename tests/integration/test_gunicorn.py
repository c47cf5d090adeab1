"""generate in gunicorn, as its container runs it: probes, signals, kills, and what it answers to what is no event."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.generate.handler import Painter
from functions.recover.handler import Sweeper
from shared import wiring
from shared.core import events, wire
from shared.core.job import Job, JobState
from shared.core.progress import Phase
from shared.settings import Settings
from tests.engines.instant import Instant
from tests.engines.slow_setup import SlowSetup
from tests.functions.jobs import queue
from tests.stores import REQUEST

ROOT = Path(__file__).parents[2]
GRACE = 20
LONG = replace(REQUEST, num_inference_steps=100)
"""20 s with the slow engine."""


def eventually(look: Callable[[], Any], what: str, timeout: float = 20) -> Any:
    end = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.02)
    return found


class Gunicorn:
    """One instance of generate, with the arguments of knative/base/generate.yaml."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        (folder / "artifacts").mkdir()
        self.variables = {
            "REDIS_URL": redis_url,
            "ARTIFACTS_URL": f"file://{folder}/artifacts",
            "K_SINK": "memory://",
            "LEASE_SECONDS": "1",
            "HEARTBEAT_SECONDS": "0.1",
        }
        self.log = folder / "log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, engine: str = "tests.engines.slow:Slow", grace: int = GRACE) -> None:
        self.execute(engine, grace)
        eventually(self._is_ready, "it is ready")

    def execute(self, engine: str, grace: int = GRACE) -> None:
        # Its port is ours before it starts: a free port may be another's by then.
        door = socket.create_server(("127.0.0.1", 0))
        self.port = door.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        arguments = ["--config=functions/gunicorn.conf.py", f"--bind=fd://{door.fileno()}", "--threads=4"]
        arguments += ["--timeout=0", f"--graceful-timeout={grace}", "functions.generate.app:create_app()"]
        with door, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments],
                cwd=ROOT,
                env=kept | self.variables | {"ENGINE": engine},
                stdout=log,
                stderr=log,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, timeout: float = 3
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def wake(self, timeout: float = 30) -> tuple[int, Mapping[str, str], bytes]:
        headers, body = wire.to_http(events.wake_up("video_x", REQUEST_AT))
        return self.call("POST", "/", body, headers, timeout)

    def hold(self) -> threading.Thread:
        """A wake-up whose answer nobody waits for."""

        def wake() -> None:
            try:
                self.wake()
            except (OSError, http.client.HTTPException):
                return  # its process was killed

        thread = threading.Thread(target=wake, daemon=True)
        thread.start()
        return thread

    def worker(self) -> int | None:
        """The pid of the arbiter's child."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


REQUEST_AT = wire.NO_TIME.replace(year=2026)


@pytest.fixture
def gunicorn(tmp_path: Path, redis_url: str) -> Iterator[Gunicorn]:
    server = Gunicorn(tmp_path, redis_url)
    yield server
    server.end()


@pytest.fixture
def services(gunicorn: Gunicorn) -> Iterator[wiring.Services]:
    built = wiring.build(Settings.from_env(gunicorn.variables))
    yield built
    built.close()


def running(services: wiring.Services, job: Job, step: int = 1) -> Job:
    """The job when it is being drawn and has come to `step`."""

    def look() -> Job | None:
        now = services.jobs.get(job.id)
        progress, _ = services.jobs.progress(now)
        return now if now.state is JobState.RUNNING and progress is not None and progress.step >= step else None

    found: Job = eventually(look, "it is drawn")
    return found


def test_probes_are_answered_while_it_draws_and_another_bell_refused(gunicorn, services):
    job = queue(services, request=LONG)
    gunicorn.start()
    gunicorn.hold()
    running(services, job)

    for path in ("/healthz", "/readyz", "/metrics"):
        assert 200 == gunicorn.call("GET", path, timeout=3)[0]
    assert 429 == gunicorn.wake()[0]
    assert 1 == services.jobs.get(job.id).attempts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_stop_in_the_middle_of_a_job_puts_it_back_at_no_loss(gunicorn, services, number):
    job = queue(services, request=LONG)
    gunicorn.start()
    bell = gunicorn.hold()
    running(services, job)
    before = time.monotonic()

    os.killpg(gunicorn.process.pid, number)  # as a terminal does it: arbiter and worker both hear it, the latter twice

    assert 0 == gunicorn.process.wait(GRACE)
    assert time.monotonic() - before < 10
    bell.join(5)
    back = services.jobs.get(job.id)
    assert (JobState.QUEUED, 1, 0) == (back.state, back.attempts, back.losses), gunicorn.log.read_text()
    assert f"stored job={job.id} step=" in gunicorn.log.read_text()


def test_sigterm_while_nothing_is_drawn_ends_it_at_once(gunicorn):
    gunicorn.start()

    gunicorn.process.send_signal(signal.SIGTERM)

    assert 0 == gunicorn.process.wait(5)


def test_the_job_of_a_killed_worker_is_found_and_drawn_by_the_next(gunicorn, services):
    settings = Settings.from_env(gunicorn.variables)
    job = queue(services, request=replace(REQUEST, num_inference_steps=10))
    gunicorn.start()
    gunicorn.hold()
    running(services, job, step=2)

    killed = gunicorn.worker()
    os.kill(killed, signal.SIGKILL)

    eventually(lambda: services.jobs.expired_leases(10), "the lease runs out")
    Sweeper(services, settings).sweep()
    lost = services.jobs.get(job.id)
    assert (JobState.QUEUED, 1) == (lost.state, lost.losses)
    eventually(lambda: gunicorn.worker() not in (None, killed) and gunicorn._is_ready(), "another worker")
    assert 200 == gunicorn.wake()[0]
    done = services.jobs.get(job.id)
    assert (JobState.COMPLETED, 2) == (done.state, done.attempts)


@pytest.mark.parametrize(
    ("place", "phase"),
    [
        ("InPrompt", Phase.ENCODING),
        ("InDecoding", Phase.DECODING),
        ("InEncoding", Phase.DECODING),
        ("InUpload", Phase.UPLOADING),
    ],
)
def test_one_that_is_killed_where_there_are_no_steps_leaves_nothing_and_the_next_one_draws(
    gunicorn, services, tmp_path, place, phase
):
    settings = Settings.from_env(gunicorn.variables)
    folder = tmp_path / "tmp"
    folder.mkdir()
    gunicorn.variables["TMPDIR"] = str(folder)
    job = queue(services)
    gunicorn.start(f"tests.engines.kill_self_in:{place}")
    killed = gunicorn.worker()

    gunicorn.hold()

    eventually(lambda: gunicorn.worker() not in (None, killed) and gunicorn._is_ready(), "another worker")
    assert phase is services.jobs.progress(services.jobs.get(job.id))[0].phase
    assert [] == [*folder.glob("flipbook-drawing-*")], "the next worker sweeps what the killed one left"
    eventually(lambda: services.jobs.expired_leases(10), "the lease runs out")
    Sweeper(services, settings).sweep()
    Painter(services, Instant(settings), settings, drain=threading.Event()).serve()
    done = services.jobs.get(job.id)
    assert (JobState.COMPLETED, 2, 1) == (done.state, done.attempts, done.losses)
    assert done.output.video == services.artifacts.stat(done.output.video.key)
    services.jobs.discard(job.id)
    Sweeper(services, settings).sweep()
    assert [] == [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]


def test_a_worker_that_was_frozen_past_its_lease_changes_nothing_when_it_wakes(gunicorn, services):
    settings = Settings.from_env(gunicorn.variables)
    job = queue(services, request=replace(REQUEST, num_inference_steps=10))
    gunicorn.start()
    bell = gunicorn.hold()
    running(services, job)
    zombie = gunicorn.worker()

    os.kill(zombie, signal.SIGSTOP)
    try:
        eventually(lambda: services.jobs.expired_leases(10), "the lease runs out")
        Sweeper(services, settings).sweep()
        Painter(services, Instant(settings), settings, drain=threading.Event()).serve()
        won = services.jobs.get(job.id)
    finally:
        os.kill(zombie, signal.SIGCONT)
    bell.join(10)

    assert (JobState.COMPLETED, 2) == (won.state, won.attempts)
    assert won == services.jobs.get(job.id)
    assert won.output.video == services.artifacts.stat(won.output.video.key)
    assert "lease lost" in gunicorn.log.read_text()
    assert 200 == gunicorn.wake()[0]


def test_an_engine_that_broke_twice_is_replaced_with_its_worker(gunicorn, services):
    first, second, third = (queue(services, max_losses=1) for _ in range(3))
    gunicorn.start("tests.engines.crash_at_step:CrashAtStep")
    worn = gunicorn.worker()

    assert 200 == gunicorn.wake()[0]

    states = [services.jobs.get(job.id).state for job in (first, second, third)]
    assert [JobState.FAILED, JobState.FAILED, JobState.QUEUED] == states
    eventually(lambda: gunicorn.worker() not in (None, worn) and gunicorn._is_ready(), "another worker")


def test_one_that_takes_long_to_load_is_not_ready_before_it_has_and_then_draws(gunicorn, services):
    job = queue(services)
    started = time.monotonic()

    gunicorn.start("tests.engines.slow_setup:SlowSetup")

    assert time.monotonic() - started >= SlowSetup.seconds
    assert 200 == gunicorn.wake()[0]
    done = services.jobs.get(job.id)
    assert (JobState.COMPLETED, 1, 0) == (done.state, done.attempts, done.losses)


def test_sigterm_while_it_loads_ends_it_when_it_has_loaded_and_touches_no_job(gunicorn, services):
    job = queue(services)
    gunicorn.execute("tests.engines.slow_setup:SlowSetup")
    eventually(lambda: "loading" in gunicorn.log.read_text(), "it loads")
    gunicorn.hold()

    os.killpg(gunicorn.process.pid, signal.SIGTERM)

    assert 0 == gunicorn.process.wait(GRACE), gunicorn.log.read_text()
    assert job == services.jobs.get(job.id)


def test_a_worker_whose_model_hangs_goes_all_the_same(gunicorn, services):
    job = queue(services)
    gunicorn.start("tests.engines.hang:Hang", grace=1)
    gunicorn.hold()
    running(services, job)
    time.sleep(1)  # it is drawn, and by now hangs: steps 1 and 2 take nothing
    hanging = gunicorn.worker()

    os.kill(hanging, signal.SIGTERM)

    eventually(lambda: gunicorn.worker() not in (None, hanging) and gunicorn._is_ready(), "another worker")
    eventually(lambda: services.jobs.expired_leases(10), "the lease runs out")


def test_what_is_no_event_is_refused_in_a_way_that_nobody_retries(gunicorn, services):
    gunicorn.start("tests.engines.instant:Instant")
    headers, _ = wire.to_http(events.wake_up("video_x", REQUEST_AT))
    kib_64 = b'{"padding":"' + b"x" * (64 * 1024 - 14) + b'"}'
    assert 64 * 1024 == len(kib_64)

    status, named, _ = gunicorn.call("GET", "/")
    assert (405, {"POST", "OPTIONS"}) == (status, set(named["Allow"].split(", ")))
    assert 400 == gunicorn.call("POST", "/", b"hello")[0]
    assert 400 == gunicorn.call("POST", "/", b"{", {"Content-Type": "application/cloudevents+json"})[0]
    assert 400 == gunicorn.call("POST", "/", b"{}", {k: v for k, v in headers.items() if k != "ce-id"})[0]
    assert (200, b"") == gunicorn.call("POST", "/", kib_64, headers)[::2]
    assert 413 == gunicorn.call("POST", "/", kib_64 + b" ", headers)[0]
    assert (200, b"") == gunicorn.wake()[::2]

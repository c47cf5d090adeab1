"""submit in gunicorn over a real store, with a thousand callers who wait and a few who do not."""

from __future__ import annotations

import resource
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.core.ids import new_attempt_id
from shared.core.progress import Phase, Progress
from tests.crowd import Crowd
from tests.functions.studio import eventually
from tests.servers import Valkey, served
from tests.stores import LEASE, redis_stores
from tests.submit_server import SubmitServer

WATCHERS = 1000
WAITING = 50


@pytest.fixture
def submit(tmp_path: Path, redis_url: str) -> Iterator[SubmitServer]:
    server = SubmitServer(tmp_path, redis_url)
    try:
        server.await_ready()
        yield server
    finally:
        server.end()


@pytest.fixture
def job_id(submit: SubmitServer) -> str:
    return created(submit)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WAITING) as threads:
        yield threads


@pytest.fixture
def many_files() -> Iterator[None]:
    """For the crowd's own sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard > 0 else 8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def mortal_valkey(tmp_path: Path) -> Iterator[Valkey]:
    (folder := tmp_path / "valkey").mkdir()
    yield from served(Valkey(folder))


def created(submit: SubmitServer) -> str:
    status, video = submit.call("POST", "/v1/videos", {"prompt": "a red cat"})
    assert 202 == status
    return str(video["id"])


def watchers(submit: SubmitServer) -> int:
    lines = submit.call("GET", "/metrics")[1].decode().splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("flipbook_watchers "))


def test_others_are_served_while_callers_wait_and_all_hear_of_the_change(submit, job_id, pool):
    held = [pool.submit(submit.call, "GET", f"/v1/videos/{job_id}?wait=30") for _ in range(WAITING)]
    eventually(lambda: watchers(submit) == WAITING, timeout=20)
    before = time.monotonic()

    assert 200 == submit.call("GET", "/healthz")[0]
    status, video = submit.call("POST", f"/v1/videos/{job_id}/cancel")
    assert (200, "cancelled") == (status, video["state"])

    assert {"cancelled"} == {waiting.result(10)[1]["state"] for waiting in held}
    assert time.monotonic() - before < 5


def test_a_stop_answers_all_who_wait_and_does_not_wait_for_their_time(submit, job_id, pool):
    held = [pool.submit(submit.call, "GET", f"/v1/videos/{job_id}?wait=30") for _ in range(WAITING)]
    eventually(lambda: watchers(submit) == WAITING, timeout=20)
    before = time.monotonic()

    submit.process.send_signal(signal.SIGTERM)

    assert [(200, "queued")] * WAITING == [(s, v["state"]) for s, v in (waiting.result(10) for waiting in held)]
    assert 0 == submit.process.wait(10)
    assert time.monotonic() - before < 8


def test_a_thousand_watch_and_everybody_is_told_served_and_let_go(submit, redis_url, many_files):
    jobs = [created(submit) for _ in range(10)]
    paths = [f"/v1/videos/{jobs[n % 10]}/events" for n in range(WATCHERS)]
    with Crowd(submit.port, submit.key, paths) as crowd, redis_stores(redis_url) as stores:
        crowd.wait(lambda crowd: crowd.count("event: state") == WATCHERS)
        assert WATCHERS == watchers(submit)

        attempt = new_attempt_id()
        first = stores.jobs.claim(attempt, LEASE)
        crowd.wait(lambda crowd: crowd.count('"state":"running"') == WATCHERS / 10)
        report = Progress(attempt=attempt, phase=Phase.DENOISING, step=2, total_steps=4)
        stores.jobs.report(first.id, report)
        crowd.wait(lambda crowd: crowd.count("event: progress") >= WATCHERS / 10)

        assert 200 == submit.call("GET", "/healthz", timeout=2)[0]
        assert 200 == submit.call("GET", "/readyz", timeout=2)[0]
        assert "running" == submit.call("GET", f"/v1/videos/{first.id}", timeout=2)[1]["state"]

        submit.call("POST", f"/v1/videos/{jobs[1]}/cancel")
        crowd.wait(lambda crowd: crowd.count("event: cancelled") == crowd.ended == WATCHERS / 10)

        submit.process.send_signal(signal.SIGTERM)
        assert crowd.wait(lambda crowd: crowd.ended == WATCHERS) < 10
        assert 0 == submit.process.wait(10)


def test_a_thousand_who_come_at_once_are_all_let_in(submit, many_files):
    jobs = [created(submit) for _ in range(100)]
    paths = [f"/v1/videos/{jobs[n % 100]}/events" for n in range(WATCHERS)]
    with Crowd(submit.port, submit.key, paths, batch=WATCHERS) as crowd:
        assert (WATCHERS, 0) == (crowd.count("HTTP/1.1 200 OK"), crowd.count("HTTP/1.1 503"))
        crowd.wait(lambda crowd: crowd.count("event: state") == WATCHERS)
        assert WATCHERS == watchers(submit)


def test_slow_callers_do_not_keep_the_probes_waiting(submit):
    head = f"POST /v1/videos HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {submit.key}\r\nContent-Length: 999\r\n\r\n{{"
    wires = [socket.create_connection(("127.0.0.1", submit.port)) for _ in range(300)]
    for n, wire in enumerate(wires):
        wire.sendall(head.encode()[: None if n % 2 else 40])  # half a head, or half a body

    assert [200, 200] == [submit.call("GET", path, timeout=3)[0] for path in ("/healthz", "/readyz")]
    assert 202 == submit.call("POST", "/v1/videos", {"prompt": "x"}, timeout=3)[0]
    for wire in wires:
        wire.close()


def test_a_store_that_is_away_ends_no_story(tmp_path, mortal_valkey):
    submit = SubmitServer(tmp_path, mortal_valkey.url)
    try:
        submit.await_ready()
        job_id = created(submit)
        with Crowd(submit.port, submit.key, [f"/v1/videos/{job_id}/events"] * 20) as crowd:
            crowd.wait(lambda crowd: crowd.count("event: state") == 20)
            mortal_valkey.kill()
            eventually(lambda: submit.call("GET", f"/v1/videos/{job_id}")[0] == 503, timeout=10)
            mortal_valkey.start()
            eventually(lambda: submit.call("POST", f"/v1/videos/{job_id}/cancel")[0] == 200, timeout=10)
            crowd.wait(lambda crowd: crowd.count("event: cancelled") == 20, timeout=20)
    finally:
        submit.end()

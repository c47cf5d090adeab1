"""submit in gunicorn over a real store, with as many callers waiting as Knative lets in."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from functions.submit.lookout import PLACES
from shared.core.access import new_api_key
from tests.functions.studio import eventually

ROOT = Path(__file__).parents[2]
LET_IN = 14
"""containerConcurrency of knative/submit.yaml."""


class Submit:
    """One instance of submit, with the arguments of knative/submit.yaml."""

    def __init__(self, folder: Path, redis_url: str) -> None:
        self._key = new_api_key()
        (folder / "artifacts").mkdir()
        variables = {"REDIS_URL": redis_url, "ARTIFACTS_URL": f"file://{folder}/artifacts", "K_SINK": "memory://"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        # Its port is ours before it starts: a free port may be another's by then.
        with socket.create_server(("127.0.0.1", 0)) as door, (folder / "log").open("ab") as log:
            self._port = door.getsockname()[1]
            arguments = ["--config=functions/gunicorn.conf.py", f"--bind=fd://{door.fileno()}", "--threads=16"]
            arguments += ["--graceful-timeout=240", "functions.submit.app:create_app()"]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", *arguments],
                cwd=ROOT,
                env=kept | variables | {"API_KEYS": self._key},
                stdout=log,
                stderr=log,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )

    def call(self, method: str, path: str, body: object = None, timeout: float = 40) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data.startswith(b"{") else data
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz", timeout=3)[0] == 200
        except OSError:
            return False

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def submit(tmp_path: Path, redis_url: str) -> Iterator[Submit]:
    server = Submit(tmp_path, redis_url)
    try:
        eventually(server.is_ready, timeout=30)
        yield server
    finally:
        server.end()


@pytest.fixture
def job_id(submit: Submit) -> str:
    status, video = submit.call("POST", "/v1/videos", {"prompt": "a red cat"})
    assert 202 == status
    return str(video["id"])


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(LET_IN) as threads:
        yield threads


def test_others_are_served_while_as_many_wait_as_are_let_in(submit, job_id, pool):
    held = [pool.submit(submit.call, "GET", f"/v1/videos/{job_id}?wait=30") for _ in range(LET_IN)]
    eventually(lambda: sum(waiting.done() for waiting in held) == LET_IN - PLACES, timeout=20)
    before = time.monotonic()

    assert 200 == submit.call("GET", "/healthz")[0]
    status, video = submit.call("POST", f"/v1/videos/{job_id}/cancel")
    assert (200, "cancelled") == (status, video["state"])

    told = Counter(waiting.result(10)[1]["state"] for waiting in held)
    assert {"queued": LET_IN - PLACES, "cancelled": PLACES} == told
    assert time.monotonic() - before < 5


def test_a_stop_answers_all_who_wait_and_does_not_wait_for_their_time(submit, job_id, pool):
    held = [pool.submit(submit.call, "GET", f"/v1/videos/{job_id}?wait=30") for _ in range(LET_IN)]
    eventually(lambda: sum(waiting.done() for waiting in held) == LET_IN - PLACES, timeout=20)
    before = time.monotonic()

    submit.process.send_signal(signal.SIGTERM)

    assert [(200, "queued")] * LET_IN == [(s, v["state"]) for s, v in (waiting.result(10) for waiting in held)]
    assert 0 == submit.process.wait(10)
    assert time.monotonic() - before < 5

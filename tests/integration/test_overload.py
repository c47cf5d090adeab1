"""submit in gunicorn when far more is asked of it than it may or can do: a clear "later" for most, the rest is served."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.submit_server import SubmitServer

log = logging.getLogger(__name__)

SECONDS: Final = 4
GROWTH: Final = 40 * 1024 * 1024
"""Bytes that a process may grow in the first flood of its life; a leak of 10 KB a request would be more."""
BODY: Final = json.dumps({"prompt": "a red cat"})


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    retry_after: str | None
    seconds: float


@pytest.fixture
def start(tmp_path: Path, redis_url: str) -> Iterator[Callable[..., SubmitServer]]:
    servers: list[SubmitServer] = []

    def begin(**variables: str) -> SubmitServer:
        servers.append(SubmitServer(tmp_path, redis_url, variables=variables))
        servers[-1].await_ready()
        return servers[-1]

    yield begin
    for server in servers:
        server.end()


def flood(server: SubmitServer, callers: int) -> list[Reply]:
    """What so many callers hear who ask for videos without a pause, each on a connection of its own."""
    end = time.monotonic() + SECONDS

    def call(_: int) -> list[Reply]:
        found = []
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        while (began := time.monotonic()) < end:
            connection.request("POST", "/v1/videos", BODY, headers)
            answer = connection.getresponse()
            answer.read()
            found.append(Reply(answer.status, answer.headers["Retry-After"], time.monotonic() - began))
        connection.close()
        return found

    with ThreadPoolExecutor(callers) as pool:
        return [reply for replies in pool.map(call, range(callers)) for reply in replies]


def memory(server: SubmitServer) -> int:
    """Bytes of the arbiter and its worker."""
    process = psutil.Process(server.process.pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


@pytest.mark.parametrize(
    ("variables", "callers"),
    [
        ({"RATE_LIMIT_CREATE": "5/1"}, 16),
        ({"RATE_LIMIT_CREATE": "100000/1", "MAX_QUEUED_PER_TENANT": "20"}, 16),
        ({"RATE_LIMIT_CREATE": "100000/1", "MAX_QUEUED": "100000"}, 200),
    ],
    ids=["more than the rate", "more than the queue", "more than the process can do"],
)
def test_whom_it_cannot_serve_it_sends_away_in_order(start, variables, callers):
    server = start(**variables)
    assert 202 == server.call("POST", "/v1/videos", {"prompt": "a red cat"})[0]
    before = memory(server)

    replies = flood(server, callers)

    accepted = sorted(reply.seconds for reply in replies if reply.status == 202)
    away = [reply for reply in replies if reply.status != 202]
    p99, growth = accepted[len(accepted) * 99 // 100], memory(server) - before
    log.info(
        "%d answers, %d accepted, p99 of these %.3f s, %.1f MB more", len(replies), len(accepted), p99, growth / 2**20
    )
    assert {429, 503} >= {reply.status for reply in away}
    assert [] == [reply for reply in away if not 1 <= int(reply.retry_after or 0) <= 120]
    assert growth < GROWTH
    assert 200 == server.call("GET", "/readyz")[0]
    if callers < 100:
        assert len(away) > 9 * len(accepted)  # ten times as much as was let in

"""submit in gunicorn while its Redis hangs, dies or is unreachable: a clear 503 at once, and all is well again soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults import FaultProxy
from tests.servers import Valkey
from tests.submit_server import SubmitServer

BODY: Final = {"prompt": "a red cat"}
AT_ONCE: Final = 8
FIRST_S: Final = 1.2
"""In which a 503 must have come; one second, and what a busy machine takes of the others'."""
BACK_S: Final = 5


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Valkey]:
    (tmp_path / "valkey").mkdir()
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def proxy(mortal: Valkey) -> Iterator[FaultProxy]:
    with FaultProxy(mortal.port) as proxy:
        yield proxy


@pytest.fixture
def submit(tmp_path: Path, proxy: FaultProxy) -> Iterator[SubmitServer]:
    server = SubmitServer(tmp_path, f"redis://127.0.0.1:{proxy.port}")
    try:
        server.await_ready()
        assert 202 == server.call("POST", "/v1/videos", BODY)[0]
        yield server
    finally:
        server.end()


def hang(mortal: Valkey, proxy: FaultProxy) -> Callable[[], None]:
    mortal.freeze()
    return mortal.thaw


def die(mortal: Valkey, proxy: FaultProxy) -> Callable[[], None]:
    mortal.kill()
    proxy.reset()
    return mortal.start


def vanish(mortal: Valkey, proxy: FaultProxy) -> Callable[[], None]:
    proxy.freeze()
    return proxy.thaw


def timed(submit: SubmitServer, method: str, path: str, body: object = None) -> tuple[int, float, Any]:
    began = time.monotonic()
    status, said = submit.call(method, path, body)
    return status, time.monotonic() - began, said


@pytest.mark.parametrize("fault", [hang, die, vanish])
def test_all_hear_so_at_once_and_are_served_again_soon(submit, mortal, proxy, fault):
    calls = [("POST", "/v1/videos", BODY), ("GET", "/v1/videos/video_x"), ("GET", "/v1/videos"), ("GET", "/v1/queue")]
    repair = fault(mortal, proxy)

    for _ in range(2):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            heard = [pool.submit(timed, submit, *calls[n % len(calls)]) for n in range(AT_ONCE)]
            answers = [answer.result() for answer in heard]
        assert [503] * AT_ONCE == [status for status, _, _ in answers]
        assert {"store_unavailable"} == {said["error"]["code"] for _, _, said in answers}
        assert max(seconds for _, seconds, _ in answers) < FIRST_S, sorted(seconds for _, seconds, _ in answers)
        assert 200 == timed(submit, "GET", "/healthz")[0]

    repair()
    began = time.monotonic()
    while submit.call("POST", "/v1/videos", BODY)[0] != 202:
        assert time.monotonic() - began < BACK_S
        time.sleep(0.05)
    assert time.monotonic() - began < BACK_S

"""submit in gunicorn before a Broker that answers late: who asks does not wait for it, and a stop does, for a while."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.functions.studio import eventually
from tests.peers import Peer, Visit, peer
from tests.stores import Stores, redis_stores
from tests.submit_server import SubmitServer

LATE_S = 2.0
JOBS = 10
"""More than are told of at a time."""


def late(visit: Visit) -> None:
    while True:
        visit.request()
        visit.wait(LATE_S)
        visit.answer("202 Accepted")


@pytest.fixture
def broker() -> Iterator[Peer]:
    with peer(late) as server:
        yield server


@pytest.fixture
def submit(tmp_path: Path, redis_url: str, broker: Peer) -> Iterator[SubmitServer]:
    server = SubmitServer(tmp_path, redis_url, variables={"K_SINK": f"http://127.0.0.1:{broker.port}/"})
    try:
        server.await_ready()
        yield server
    finally:
        server.end()


@pytest.fixture
def stores(redis_url: str) -> Iterator[Stores]:
    with redis_stores(redis_url) as built:
        yield built


def asked(submit: SubmitServer) -> set[str]:
    """The ids of new jobs, each accepted before the Broker can have answered for the first."""
    began = time.monotonic()
    answers = [submit.call("POST", "/v1/videos", {"prompt": "a red cat"}) for _ in range(JOBS)]
    assert time.monotonic() - began < LATE_S
    assert {202} == {status for status, _ in answers}
    return {video["id"] for _, video in answers}


def untold(stores: Stores) -> set[str]:
    return {event.subject or "" for event in stores.outbox.unsent(older_than=timedelta(0), limit=100)}


def test_nobody_waits_for_a_late_broker_and_everything_is_told(submit, stores):
    ids = asked(submit)

    assert ids == untold(stores)
    eventually(lambda: not untold(stores), timeout=20)


def test_a_stop_tells_the_broker_what_it_was_not_told_yet(submit, stores):
    asked(submit)

    submit.process.send_signal(signal.SIGTERM)

    assert 0 == submit.process.wait(20)
    assert set() == untold(stores), submit.log.read_text()


def test_what_a_killed_process_did_not_tell_is_still_to_be_told(submit, stores):
    ids = asked(submit)

    os.killpg(submit.process.pid, signal.SIGKILL)
    submit.process.wait(5)

    assert ids == untold(stores)

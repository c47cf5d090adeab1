"""Events on their way to a Broker that answers, refuses, sleeps, drips and hangs up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from shared.adapters.http_broker import HttpBroker
from shared.adapters.memory_broker import MemoryBroker
from shared.core import wire
from shared.core.errors import Unavailable
from shared.core.events import QUEUED, Event
from tests.peers import Visit, closed_port, peer

EVENT = Event(
    id="evt_1",
    type=QUEUED,
    subject="video_1",
    time=datetime(2026, 11, 23, tzinfo=UTC),
    data={"id": "video_1", "ä": "🦊"},
)
TIMEOUT = 0.6
SLACK = 1.0


def accept_all(visit: Visit) -> None:
    while True:
        visit.request()
        visit.answer("202 Accepted")


def publish(url: str) -> None:
    broker = HttpBroker(url, timeout=TIMEOUT)
    try:
        broker.publish(EVENT)
    finally:
        broker.close()


def test_an_event_arrives_as_it_was():
    requests = []

    def keep(visit: Visit) -> None:
        requests.append(visit.request())
        visit.answer("202 Accepted")

    with peer(keep) as server:
        publish(f"http://localhost:{server.port}/default/broker?x=1")
        [(lines, body)] = requests
    assert "POST /default/broker?x=1 HTTP/1.1" == lines[0]
    assert f"Host: localhost:{server.port}" in lines
    assert EVENT == wire.from_http(dict(line.split(": ", 1) for line in lines[1:]), body)


def test_connections_are_kept_and_shared_by_threads():
    with peer(accept_all) as server:
        broker = HttpBroker(server.url)
        for _ in range(10):
            broker.publish(EVENT)
        assert 1 == server.visits
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(broker.publish, [EVENT] * 60))
        assert server.visits <= 6
        broker.close()


@pytest.mark.parametrize("status", ["199 ?", "301 Moved", "400 Bad Request", "404 Not Found", "503 Busy"])
def test_any_answer_but_2xx_is_a_refusal(status: str):
    def refuse(visit: Visit) -> None:
        visit.request()
        visit.answer(status, "Location: http://127.0.0.1:1/")

    with peer(refuse) as server, pytest.raises(Unavailable, match="evt_1"):
        publish(server.url)


def test_a_kept_connection_that_the_broker_closed_costs_nothing():
    def hang_up_on_the_second(visit: Visit) -> None:
        visit.request()
        visit.answer("202 Accepted")
        if visit.number == 0:
            visit.request()

    with peer(hang_up_on_the_second) as server:
        broker = HttpBroker(server.url)
        broker.publish(EVENT)
        broker.publish(EVENT)
        assert 2 == server.visits
        broker.close()


def hang(visit: Visit) -> None:
    visit.request()
    visit.wait(60)


def drip_a_head(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 202 Accepted\r\n")
    visit.drip(b"X-Again: 1\r\n", every=0.05)


def drip_a_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 1000000\r\n\r\n")
    visit.drip(b"x", every=0.05)


def flood(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100000000\r\n\r\n")
    while True:
        visit.send(b"x" * 65536)


def hang_up(visit: Visit) -> None:
    visit.request()


def babble(visit: Visit) -> None:
    visit.request()
    visit.send(b"what?\r\n\r\n")


@pytest.mark.parametrize("script", [hang, drip_a_head, drip_a_body, flood, hang_up, babble])
def test_a_broker_that_misbehaves_is_unavailable_in_time_and_can_be_asked_again(script):
    def misbehave_twice(visit: Visit) -> None:
        script(visit) if visit.number < 2 else accept_all(visit)

    with peer(misbehave_twice) as server:
        broker = HttpBroker(server.url, timeout=TIMEOUT)
        started = time.monotonic()
        with pytest.raises(Unavailable, match="the Broker did not take event evt_1"):
            broker.publish(EVENT)
        assert time.monotonic() - started < TIMEOUT + SLACK
        while server.visits < 2:  # a fault that is repeated at once has used up both
            with pytest.raises(Unavailable):
                broker.publish(EVENT)
        broker.publish(EVENT)
        broker.close()


def test_a_broker_that_is_away_is_unavailable_at_once():
    started = time.monotonic()
    with pytest.raises(Unavailable, match="ConnectError"):
        publish(f"http://127.0.0.1:{closed_port()}")
    assert time.monotonic() - started < SLACK


@pytest.mark.parametrize("url", ["", "broker", "ftp://broker", "http://", "http://ä"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str):
    with pytest.raises(ValueError, match="http:// or https://"):
        HttpBroker(url)


def test_the_broker_in_memory_keeps_what_it_was_given():
    broker = MemoryBroker()
    broker.publish(EVENT)
    broker.close()
    assert [EVENT] == broker.events

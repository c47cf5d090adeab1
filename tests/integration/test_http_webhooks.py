"""Callbacks on their way to receivers of every kind, and to places they must not go."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.adapters.http_webhooks import LINGER, HttpWebhooks
from shared.core.delivery import Reply
from tests import scripts
from tests.callbacks import BODY, LOOPBACK, SLACK, TIMEOUT, Names, answer, post, sender
from tests.peers import Script, Visit, closed_port, peer


def test_a_callback_arrives_as_it_was_given():
    requests = []

    def keep(visit: Visit) -> None:
        requests.append(visit.request())
        visit.answer("200 OK")

    with peer(keep) as receiver:
        url = f"http://localhost:{receiver.port}/a/b?c=%20d"
        reply = sender().post(url, [("Content-Type", "application/json"), ("webhook-id", "evt_1")], BODY)
    [(lines, body)] = requests
    assert Reply(status=200) == reply
    assert BODY == body
    assert "POST /a/b?c=%20d HTTP/1.1" == lines[0]
    assert {f"Host: localhost:{receiver.port}", "Content-Type: application/json", "webhook-id: evt_1"} <= set(lines)


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "400 Bad Request", "410 Gone", "500 Error", "503 Busy"])
def test_a_status_is_the_reply(status: str):
    with peer(answer(status)) as receiver:
        assert Reply(status=int(status[:3])) == post(receiver.url)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("600 Odd", Reply(status=600)),
        ("999 Odd", Reply(status=999)),
        ("099 Odd", Reply(error="protocol")),
        ("101 Switching Protocols", Reply(error="protocol")),
        ("199 Odd", Reply(error="protocol")),
    ],
)
def test_a_status_that_http_does_not_have_is_a_failure(status: str, expected: Reply):
    with peer(answer(status)) as receiver:
        assert expected == post(receiver.url)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed(status: str):
    with peer(answer("200 OK")) as elsewhere, peer(answer(status, f"Location: {elsewhere.url}")) as receiver:
        assert Reply(status=int(status[:3])) == post(receiver.url)
        assert (1, 0) == (receiver.visits, elsewhere.visits)


DATE = "Date: Mon, 23 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Retry-After: 7"], timedelta(seconds=7)),
        (["retry-after:  0120 "], timedelta(minutes=2)),
        (["Retry-After: Mon, 23 Nov 2026 09:05:00 GMT", DATE], timedelta(minutes=5)),
        (["Retry-After: Mon, 23 Nov 2026 08:05:00 GMT", DATE], timedelta(0)),
        (["Retry-After: Mon, 23 Nov 2026 09:05:00 GMT"], None),
        (["Retry-After: Mon, 23 Nov 2026 09:05:00 -0000", DATE], None),
        (["Retry-After: -5"], None),
        (["Retry-After: 1.5"], None),
        (["Retry-After: soon", DATE], None),
        (["Retry-After: " + "9" * 400], None),
        (["Retry-After:"], None),
    ],
)
def test_retry_after_is_understood_or_left_alone(headers: list[str], expected: timedelta | None):
    with peer(answer("429 Too Many", *headers)) as receiver:
        assert Reply(status=429, retry_after=expected) == post(receiver.url)


FAULTS = [
    (scripts.hang, Reply(error="timeout")),
    (scripts.hang_before_reading, Reply(error="timeout")),
    (scripts.drip_a_status, Reply(error="timeout")),
    (scripts.drip_a_head, Reply(error="timeout")),
    (scripts.drip_and_then_hang, Reply(error="timeout")),
    (scripts.drip_interim_answers, Reply(error="timeout")),
    (scripts.flood_a_head, Reply(error="protocol")),
    (scripts.hang_up, Reply(error="protocol")),
    (scripts.babble, Reply(error="protocol")),
    (scripts.reset, Reply(error="connection_reset")),
    # They said 200, and meant it.
    (scripts.drip_a_body, Reply(status=200)),
    (scripts.flood_a_body, Reply(status=200)),
    (scripts.break_off_in_the_body, Reply(status=200)),
]


@pytest.mark.parametrize(("script", "expected"), FAULTS, ids=[script.__name__ for script, _ in FAULTS])
def test_a_receiver_that_misbehaves_holds_nobody_longer_than_the_timeout(script: Script, expected: Reply):
    with peer(script) as receiver:
        started = time.monotonic()
        assert expected == post(receiver.url)
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


def test_the_rest_of_an_answer_is_not_waited_for_as_long_as_its_status():
    with peer(scripts.drip_a_body) as receiver:
        started = time.monotonic()
        assert Reply(status=200) == HttpWebhooks(LOOPBACK, timeout=timedelta(seconds=30)).post(receiver.url, [], BODY)
        assert time.monotonic() - started < LINGER + SLACK


def test_a_receiver_that_reads_a_big_body_in_gulps_does_not_hold_us_either():
    def sip(visit: Visit) -> None:
        while visit.connection.recv(500_000):
            visit.wait(0.2)

    with peer(sip) as receiver:
        started = time.monotonic()
        assert Reply(error="timeout") == post(receiver.url, body=b"x" * 40_000_000)
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


def test_a_refusal_before_the_body_was_read_is_heard():
    def refuse(visit: Visit) -> None:
        visit.connection.recv(1024)
        visit.answer("413 Too Large", "Connection: close")
        visit.connection.shutdown(socket.SHUT_WR)
        while visit.connection.recv(65536):
            pass

    with peer(refuse) as receiver:
        assert Reply(status=413) == post(receiver.url, body=b"x" * 3_000_000)


def test_nobody_there_is_connection_refused():
    assert Reply(error="connection_refused") == post(f"http://127.0.0.1:{closed_port()}/")


def test_one_slow_receiver_does_not_shorten_anothers_time():
    webhooks = sender()
    with peer(scripts.hang) as slow, peer(answer("200 OK")) as fast, ThreadPoolExecutor(8) as threads:
        slow_replies = [threads.submit(webhooks.post, slow.url, [], BODY) for _ in range(4)]
        fast_replies = list(threads.map(lambda _: webhooks.post(fast.url, [], BODY), range(20)))
        assert [Reply(status=200)] * 20 == fast_replies
        assert [Reply(error="timeout")] * 4 == [reply.result() for reply in slow_replies]


def test_the_second_address_of_a_name_is_tried_when_the_first_is_dead():
    with peer(answer("200 OK")) as receiver:
        url = f"http://receiver.example.com:{receiver.port}/"
        assert Reply(status=200) == post(url, resolve=Names(["127.0.0.99", "127.0.0.1"]))


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    with peer(answer("502 Proxy")) as proxy, peer(answer("200 OK")) as receiver:
        for variable in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert Reply(status=200) == post(receiver.url)
        assert 0 == proxy.visits

"""Callbacks over TLS: the name counts, though the address was chosen by us."""

from __future__ import annotations

import time

import pytest

from shared.core.delivery import Reply
from tests.callbacks import SLACK, TIMEOUT, Names, answer, post
from tests.certificates import Certificate, certificate
from tests.peers import Visit, peer


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"), "DNS:hooks.example.com", "IP:127.0.0.1")


def secure_url(port: int, host: str = "hooks.example.com") -> str:
    return f"https://{host}:{port}/hook"


def test_over_tls_the_name_stays_for_sni_host_and_certificate(trusted: Certificate):
    asked, heads = [], []
    context = trusted.server()
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    def keep(visit: Visit) -> None:
        heads.append(visit.request()[0])
        visit.answer("200 OK")

    with peer(keep, context) as receiver:
        url = secure_url(receiver.port)
        assert Reply(status=200) == post(url, resolve=Names(["127.0.0.1"]), tls=trusted.client())
        assert ["hooks.example.com"] == asked
        assert f"Host: hooks.example.com:{receiver.port}" in heads[0]


def test_a_certificate_for_another_name_is_refused(trusted: Certificate):
    with peer(answer("200 OK"), trusted.server()) as receiver:
        url = secure_url(receiver.port, "other.example.com")
        assert Reply(error="tls") == post(url, resolve=Names(["127.0.0.1"]), tls=trusted.client())


def test_a_certificate_that_nobody_vouches_for_is_refused(trusted: Certificate):
    requests = []

    def keep(visit: Visit) -> None:
        requests.append(visit.request())

    with peer(keep, trusted.server()) as receiver:
        assert Reply(error="tls") == post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]))
    assert [] == requests, "the body went nowhere"


def test_a_receiver_without_tls_is_a_tls_fault(trusted: Certificate):
    def plain(visit: Visit) -> None:
        visit.connection.recv(1024)
        visit.answer("400 Bad Request")

    with peer(plain) as receiver:
        assert Reply(error="tls") == post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]))


def test_a_handshake_that_never_ends_is_a_timeout(trusted: Certificate):
    with peer(lambda visit: visit.wait(60)) as receiver:
        started = time.monotonic()
        assert Reply(error="timeout") == post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]))
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


def test_a_dripped_answer_over_tls_ends_too(trusted: Certificate):
    def drip(visit: Visit) -> None:
        visit.request()
        visit.send(b"HTTP/1.1 200 OK\r\n")
        visit.drip(b"X-Again: 1\r\n", every=0.05)

    with peer(drip, trusted.server()) as receiver:
        started = time.monotonic()
        reply = post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]), tls=trusted.client())
        assert Reply(error="timeout") == reply
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK

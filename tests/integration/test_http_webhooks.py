"""Callbacks on their way to receivers of every kind, and to places they must not go."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpcore
import pytest

from shared.adapters.http_webhooks import LINGER, HttpWebhooks
from shared.core.delivery import Reply
from shared.core.errors import AddressRefused
from tests.certificates import Certificate, certificate
from tests.peers import Script, Visit, closed_port, peer

LOOPBACK = ("127.0.0.0/8",)
TIMEOUT = timedelta(seconds=0.8)
SLACK = 0.6
BODY = '{"type": "video.completed", "ä": "🦊"}'.encode()


def sender(**options) -> HttpWebhooks:
    return HttpWebhooks(LOOPBACK, timeout=TIMEOUT, **options)


def post(url: str, body: bytes = BODY, **options) -> Reply:
    return sender(**options).post(url, [("Content-Type", "application/json")], body)


def answer(status: str, *headers: str) -> Script:
    def script(visit: Visit) -> None:
        visit.request()
        visit.answer(status, *headers)

    return script


class Recorder(httpcore.NetworkBackend):
    """A network that notes where it should connect, and goes to a port of loopback at most."""

    def __init__(self, port: int | None = None) -> None:
        self.connects: list[tuple[str, int]] = []
        self._port = port

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        self.connects.append((host, port))
        if self._port is None:
            raise httpcore.ConnectError("not in a test")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)


class Names:
    """A resolver with an answer for each time it is asked; the last one goes on."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers

    def __call__(self, host: str, port: int) -> list[str]:
        found = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return found


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


def hang(visit: Visit) -> None:
    visit.request()
    visit.wait(60)


def hang_before_reading(visit: Visit) -> None:
    visit.wait(60)


def drip_a_status(visit: Visit) -> None:
    visit.request()
    visit.drip(b"H", every=0.05)


def drip_a_head(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    visit.drip(b"X-Again: 1\r\n", every=0.05)


def drip_and_then_hang(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(14):
        visit.send(b"X-Again: 1\r\n")
        visit.wait(0.05)
    visit.wait(60)


def drip_interim_answers(visit: Visit) -> None:
    visit.request()
    while True:
        visit.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        visit.wait(0.05)


def drip_a_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    visit.drip(b"x", every=0.05)


def flood_a_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        visit.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def flood_a_head(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        visit.send(b"X-Again: 1\r\n" * 1000)


def hang_up(visit: Visit) -> None:
    visit.request()


def reset(visit: Visit) -> None:
    visit.request()
    # With linger 0 a close is a reset.
    visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    visit.connection.close()


def break_off_in_the_body(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")


def babble(visit: Visit) -> None:
    visit.request()
    visit.send(b"220 mail.example.com ESMTP\r\n\r\n")


FAULTS = [
    (hang, Reply(error="timeout")),
    (hang_before_reading, Reply(error="timeout")),
    (drip_a_status, Reply(error="timeout")),
    (drip_a_head, Reply(error="timeout")),
    (drip_and_then_hang, Reply(error="timeout")),
    (drip_interim_answers, Reply(error="timeout")),
    (flood_a_head, Reply(error="protocol")),
    (hang_up, Reply(error="protocol")),
    (babble, Reply(error="protocol")),
    (reset, Reply(error="connection_reset")),
    # They said 200, and meant it.
    (drip_a_body, Reply(status=200)),
    (flood_a_body, Reply(status=200)),
    (break_off_in_the_body, Reply(status=200)),
]


@pytest.mark.parametrize(("script", "expected"), FAULTS, ids=[script.__name__ for script, _ in FAULTS])
def test_a_receiver_that_misbehaves_holds_nobody_longer_than_the_timeout(script: Script, expected: Reply):
    with peer(script) as receiver:
        started = time.monotonic()
        assert expected == post(receiver.url)
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


def test_the_rest_of_an_answer_is_not_waited_for_as_long_as_its_status():
    with peer(drip_a_body) as receiver:
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
    with peer(hang) as slow, peer(answer("200 OK")) as fast, ThreadPoolExecutor(8) as threads:
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


# TLS


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
    with peer(hang_before_reading) as receiver:
        started = time.monotonic()
        assert Reply(error="timeout") == post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]))
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


def test_a_dripped_body_over_tls_ends_too(trusted: Certificate):
    with peer(drip_a_head, trusted.server()) as receiver:
        started = time.monotonic()
        reply = post(secure_url(receiver.port), resolve=Names(["127.0.0.1"]), tls=trusted.client())
        assert Reply(error="timeout") == reply
        assert time.monotonic() - started < TIMEOUT.total_seconds() + SLACK


# Where callbacks must not go: the network is a recorder, nothing is really connected to.

URL = "https://hooks.example.com/"
INSIDE = [
    ["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"],
    ["93.184.216.34", "10.0.0.1"], ["2606:4700::1", "fe80::1%2"], [],
]  # fmt: skip


@pytest.mark.parametrize("found", INSIDE, ids=str)
def test_a_name_that_leads_inside_is_not_connected_to(found: list[str]):
    network = Recorder()
    webhooks = HttpWebhooks(resolve=Names(found), network=network)
    assert Reply(error="address_refused") == webhooks.post(URL, [], BODY)
    with pytest.raises(AddressRefused):
        webhooks.check(URL)
    assert [] == network.connects


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://10.0.0.1/", "https://2130706433/", "https://localhost/"])
def test_an_url_that_points_inside_is_refused_before_anything_is_asked(url: str):
    names, network = Names(["127.0.0.1"]), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    assert Reply(error="address_refused") == webhooks.post(url, [], BODY)
    with pytest.raises(AddressRefused):
        webhooks.check(url)
    assert (0, []) == (names.asked, network.connects)


def test_a_name_that_changes_its_mind_after_the_check_gains_nothing():
    names, network = Names(["93.184.216.34"], ["127.0.0.1"]), Recorder()
    webhooks = HttpWebhooks(resolve=names, network=network)
    webhooks.check(URL)
    assert Reply(error="address_refused") == webhooks.post(URL, [], BODY)
    assert (2, []) == (names.asked, network.connects)


def test_a_name_is_asked_for_once_per_post_and_its_checked_address_is_used():
    names, network = Names(["93.184.216.34"], ["127.0.0.1"]), Recorder()
    assert Reply(error="connection_failed") == HttpWebhooks(resolve=names, network=network).post(URL, [], BODY)
    assert (1, [("93.184.216.34", 443)]) == (names.asked, network.connects)


def test_plain_http_to_a_public_address_is_refused_even_where_a_network_is_open():
    network = Recorder()
    webhooks = sender(resolve=Names(["93.184.216.34"]), network=network)
    assert Reply(error="address_refused") == webhooks.post("http://hooks.example.com:8080/", [], BODY)
    with pytest.raises(AddressRefused, match="by https on port 443"):
        webhooks.check("http://hooks.example.com:8080/")
    assert [] == network.connects


def test_localhost_is_good_where_loopback_is_open():
    sender().check("http://localhost:8080/hook")
    with pytest.raises(AddressRefused):
        HttpWebhooks().check("http://localhost:8080/hook")


def unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known: internal detail")


def test_a_name_that_does_not_resolve_is_said_so():
    with pytest.raises(AddressRefused, match=r"^the host name of the callback URL does not resolve$"):
        sender(resolve=unknown).check(URL)
    assert Reply(error="dns") == post(URL, resolve=unknown)


def test_a_resolver_that_never_answers_is_not_waited_for():
    over = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        over.wait(20)
        return []

    started = time.monotonic()
    assert Reply(error="timeout") == post(URL, resolve=silent)
    with pytest.raises(AddressRefused, match="does not resolve"):
        sender(resolve=silent).check(URL)
    assert time.monotonic() - started < 2 * TIMEOUT.total_seconds() + SLACK
    over.set()


def test_a_network_that_is_none_is_refused_at_the_start():
    with pytest.raises(ValueError, match="not-a-network"):
        HttpWebhooks(["not-a-network"])

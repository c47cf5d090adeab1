"""An issuer's keys over real TLS and from real files: what is taken, and that nothing holds a caller for long."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared import wiring
from shared.adapters.file_key_set import FileKeySet
from shared.adapters.http_key_set import MAX_ANSWER, HttpKeySet
from shared.core.errors import Unavailable
from tests.certificates import Certificate, certificate
from tests.needs import require
from tests.peers import Script, Visit, closed_port, peer

TEXT = b'{"keys": []}'
Fetch = Callable[[], bytes]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    require("openssl")
    return certificate(tmp_path_factory.mktemp("tls"), "DNS:localhost")


@contextmanager
def served(
    script: Script, trusted: Certificate, *, timeout: float = 2, tls: ssl.SSLContext | None = None
) -> Iterator[Fetch]:
    with peer(script, trusted.server()) as server:
        url = f"https://localhost:{server.port}/realms/film/jwks?v=1"
        yield HttpKeySet(url, timeout=timeout, tls=tls or trusted.client()).fetch


def answering(status: str, body: bytes, *headers: str) -> Script:
    def script(visit: Visit) -> None:
        visit.request()
        head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
        visit.send(f"{head}\r\n\r\n".encode() + body)

    return script


def test_the_keys_are_asked_for_by_their_path_and_the_name_of_the_host(trusted: Certificate) -> None:
    heard: list[str] = []

    def script(visit: Visit) -> None:
        heard.extend(visit.request()[0])
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + TEXT)

    with served(script, trusted) as fetch:
        assert TEXT == fetch()
    assert "GET /realms/film/jwks?v=1 HTTP/1.1" == heard[0]
    assert "localhost" == next(line for line in heard if line.lower().startswith("host:")).split(":")[1].strip()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "404 Not Found", "500 Oops", "204 No Content"])
def test_no_other_answer_is_taken_and_no_redirect_followed(trusted: Certificate, status: str) -> None:
    script = answering(status, TEXT, "Location: https://localhost:1/")
    with served(script, trusted) as fetch, pytest.raises(Unavailable, match=f"it answered {status[:3]}"):
        fetch()


def endless(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    while True:
        visit.send(b" " * 65536)


def dripping(visit: Visit) -> None:
    visit.request()
    visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    visit.drip(b" ", every=0.05)


def silent(visit: Visit) -> None:
    visit.wait(8)


@pytest.mark.parametrize("script", [endless, dripping, silent])
def test_an_issuer_that_does_not_come_to_an_end_is_left(trusted: Certificate, script: Script) -> None:
    began = time.monotonic()
    with served(script, trusted, timeout=0.5) as fetch:
        with pytest.raises(Unavailable):
            fetch()
        assert time.monotonic() - began < 3


def test_an_answer_may_be_only_so_long(trusted: Certificate) -> None:
    with served(answering("200 OK", b" " * MAX_ANSWER), trusted) as fetch, pytest.raises(Unavailable):
        fetch()


def test_an_unknown_authority_and_a_wrong_name_are_refused(trusted: Certificate, tmp_path: Path) -> None:
    script = answering("200 OK", TEXT)
    with served(script, trusted, tls=ssl.create_default_context()) as fetch, pytest.raises(Unavailable):
        fetch()
    other = certificate(tmp_path, "DNS:elsewhere.example")
    with served(answering("200 OK", TEXT), other) as fetch, pytest.raises(Unavailable):
        fetch()


def test_no_proxy_of_the_environment_is_asked(trusted: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(answering("502 Proxy", b"")) as proxy, served(answering("200 OK", TEXT), trusted) as fetch:
        for variable in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert TEXT == fetch()
        assert 0 == proxy.visits


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        HttpKeySet(f"https://localhost:{closed_port()}/").fetch()


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "key set.json"
    path.write_bytes(TEXT)
    source = wiring.key_set(path.as_uri())
    assert TEXT == source.fetch()
    path.write_bytes(b"{}")
    assert b"{}" == source.fetch()


def test_a_file_that_is_not_there_or_too_long_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b" " * (MAX_ANSWER + 1))
    for name in ("none", "long", "."):
        with pytest.raises(Unavailable):
            FileKeySet(tmp_path / name).fetch()

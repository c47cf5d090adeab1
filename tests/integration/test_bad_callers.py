"""submit in gunicorn, as its container runs it, against callers who break HTTP or take all the time in the world."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from functions.inflow import BODY_S
from tests.servers import Valkey
from tests.submit_server import SubmitServer

ROOT: Final = Path(__file__).parents[2]
SLOW: Final = 100
BODY: Final = b'{"prompt": "a red cat"}'


class Caller:
    """Speaks to one instance of submit byte by byte."""

    def __init__(self, server: SubmitServer) -> None:
        self._server = server

    def connect(self, timeout: float = 20) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._server.port), timeout=timeout)

    def raw(self, message: bytes) -> tuple[int, dict[str, str], bytes]:
        """The answer to just these bytes, on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(message)
            return answer(connection)

    def head(self, *lines: str, method: str = "POST", path: str = "/v1/videos") -> bytes:
        fixed = [f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {self._server.key}"]
        return "\r\n".join([*fixed, "Content-Type: application/json", *lines, "", ""]).encode()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        return self.raw(self.head(f"Content-Length: {len(body)}", "Connection: close", method=method, path=path) + body)


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    with connection.makefile("rb") as stream:
        line = stream.readline()
        headers: dict[str, str] = {}
        while field := stream.readline().strip():
            name, _, value = field.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
    return int(line.split()[1]), headers, body


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[Caller]:
    """One for all of them: it must outlive each."""
    with valkey.client() as client:
        client.flushall()
    submit = SubmitServer(tmp_path_factory.mktemp("submit"), valkey.url)
    try:
        submit.await_ready()
        yield Caller(submit)
    finally:
        submit.end()


def refused(reply: tuple[int, dict[str, str], bytes]) -> int:
    """The status of an answer that is a problem as all of ours are, and repeats nothing."""
    status, headers, body = reply
    problem = json.loads(body)
    assert "application/problem+json" == headers["content-type"]
    assert headers["x-request-id"].startswith("req_")
    assert status == problem["status"]
    assert problem["error"]["message"] == problem["detail"]
    assert "secret" not in body.decode()
    return status


class TestBrokenHttp:
    @pytest.mark.parametrize(
        ("lines", "body"),
        [
            (("Content-Length: 23", "Transfer-Encoding: chunked"), b"17\r\n" + BODY + b"\r\n0\r\n\r\n"),
            (("Content-Length: 23", "Content-Length: 5"), BODY),
            (("Content-Length: -1",), BODY),
            (("Content-Length: secret",), BODY),
            (("Transfer-Encoding: chunked, chunked",), b"0\r\n\r\n"),
            (("Bad Header: secret",), b""),
            (("X-Folded: a\r\n secret",), b""),
            (("X-Nul: a\x00secret",), b""),
        ],
    )
    def test_what_two_servers_could_read_in_two_ways_is_refused(self, server, lines, body):
        assert 400 == refused(server.raw(server.head(*lines) + body))
        assert 0 == json.loads(server.ask("GET", "/v1/queue")[2])["waiting"]

    @pytest.mark.parametrize(("length", "code"), [(4096, "ssrf_blocked"), (4097, "invalid_parameter")])
    def test_a_url_in_a_query_may_be_as_long_as_one_in_a_body(self, server, length, code):
        url = "https://127.0.0.1/".ljust(length, "a")

        for query, lines in ((f"?fal_webhook={url}", ()), ("", (f"X-Callback-Url: {url}",))):
            head = server.head(f"Content-Length: {len(BODY)}", *lines, path=f"/v1/videos{query}")
            assert code == json.loads(server.raw(head + BODY)[2])["error"]["code"]

    @pytest.mark.parametrize(
        ("message", "status"),
        [
            (b"secret\r\n\r\n", 400),
            (b"GET /secret HTTP/9.9\r\n\r\n", 400),
            (b"\x16\x03\x01secret\r\n\r\n", 400),
            (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", 414),
            (b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", 431),
            (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: secret, chunked\r\n\r\n", 501),
            (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: secret\r\n\r\n", 417),
        ],
    )
    def test_what_is_no_request_of_ours_gets_a_problem_too(self, server, message, status):
        assert status == refused(server.raw(message))

    @pytest.mark.parametrize(
        "field", ["PATH_INFO: /healthz", "SCRIPT_NAME: /v1", "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off"]
    )
    def test_no_field_stands_for_what_only_a_server_could_know(self, server, field):
        """Every caller comes from a proxy at our side, so what a proxy may say, each of them could."""
        status, _, body = server.raw(server.head(field, "Connection: close", method="GET", path="/v1/queue"))
        assert (200, True) == (status, "waiting" in json.loads(body))

    @pytest.mark.parametrize("body", [b"zz\r\n", b"5\r\nabc", b"3\r\nabcX\r\n", b"ffffffffffffffffffff\r\n"])
    def test_a_body_that_is_not_chunked_as_it_says_is_refused(self, server, body):
        with server.connect() as connection:
            connection.sendall(server.head("Transfer-Encoding: chunked") + body)
            connection.shutdown(socket.SHUT_WR)
            assert 400 == refused(answer(connection))

    def test_a_chunked_body_is_as_good_as_any_and_as_bounded(self, server):
        def chunked(body: bytes) -> int:
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
            return server.raw(server.head("Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")[0]

        assert 202 == chunked(BODY)
        assert 413 == chunked(BODY[:-2] + b"a" * 70_000 + BODY[-2:])


class TestSlowCallers:
    @pytest.fixture
    def crowd(self, server: Caller) -> Iterator[list[socket.socket]]:
        connections = [server.connect(BODY_S + 20) for _ in range(SLOW)]
        yield connections
        for connection in connections:
            connection.close()

    @pytest.mark.parametrize("part", ["line", "headers", "body"])
    def test_a_hundred_of_them_do_not_stop_the_others(self, server, crowd, part):
        whole = server.head(f"Content-Length: {len(BODY)}") + BODY
        sent = {"line": 5, "headers": 60, "body": len(whole) - 5}[part]
        for connection in crowd:
            connection.sendall(whole[:sent])

        began = time.monotonic()
        for _ in range(5):
            assert 200 == server.ask("GET", "/healthz")[0]
            status, _, said = server.ask("POST", "/v1/videos", BODY)
            assert (202, b"") == (status, said if status != 202 else b"")

        assert time.monotonic() - began < 10
        for connection in crowd:
            connection.sendall(whole[sent:])
        replies = [answer(connection) for connection in crowd]
        assert [] == [body for status, _, body in replies if status != 202]

    def test_a_body_that_drips_is_given_up(self, server):
        with server.connect(BODY_S + 20) as connection:
            connection.sendall(server.head("Content-Length: 1000") + b"{")
            over = threading.Event()

            def drip() -> None:
                while not over.wait(0.5):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return

            with ThreadPoolExecutor(1) as pool:
                pool.submit(drip)
                began = time.monotonic()
                status = refused(answer(connection))
                over.set()

        assert 408 == status
        assert BODY_S - 1 < time.monotonic() - began < BODY_S + 10

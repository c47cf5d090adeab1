"""submit as its container runs it: tokens of an issuer behind real TLS, stored keys, and nothing of them in its log."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions.submit import keys
from shared.core.access import new_api_key
from tests.certificates import certificate
from tests.functions.studio import eventually
from tests.issuer import AUDIENCE, NAME, Issuer
from tests.needs import require
from tests.peers import Peer, Visit
from tests.submit_server import SubmitServer

PEPPER = "pepper-" + "p" * 32


class KeySetServer:
    """The issuer's https:// address; counts who asked, and can be slow."""

    def __init__(self, folder: Path) -> None:
        self.issuer = Issuer()
        self.asked = 0
        self.go = threading.Event()
        self.go.set()
        self.certificate = certificate(folder, "DNS:localhost")
        self.peer = Peer(self._answer, self.certificate.server())
        self.url = f"https://localhost:{self.peer.port}/jwks"

    def token(self, **changes: object) -> str:
        now = int(time.time())
        return self.issuer.token(**{"iat": now, "nbf": now, "exp": now + 60, **changes})

    def _answer(self, visit: Visit) -> None:
        visit.request()
        self.asked += 1
        self.go.wait(2)
        text = self.issuer.key_set()
        visit.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)


@pytest.fixture
def key_sets(tmp_path: Path) -> Iterator[KeySetServer]:
    require("openssl")
    server = KeySetServer(tmp_path)
    yield server
    server.peer.close()


@pytest.fixture
def submit(tmp_path: Path, redis_url: str, key_sets: KeySetServer) -> Iterator[SubmitServer]:
    oidc = {"OIDC_ISSUER": NAME, "OIDC_AUDIENCE": AUDIENCE, "OIDC_JWKS": key_sets.url}
    trust = {"SSL_CERT_FILE": str(key_sets.certificate.certificate)}
    variables = {"KEY_PEPPER": PEPPER, "LOG_LEVEL": "DEBUG", **oidc, **trust}
    server = SubmitServer(tmp_path, redis_url, variables=variables)
    try:
        server.await_ready()
        yield server
    finally:
        server.end()


def status(submit: SubmitServer, credential: str, path: str = "/v1/videos") -> int:
    submit.key = credential
    return submit.call("GET", path)[0]


def test_tokens_open_and_the_issuer_is_asked_once_for_many_at_once(
    submit: SubmitServer, key_sets: KeySetServer
) -> None:
    key_sets.go.clear()
    submit.key = key_sets.token()
    with ThreadPoolExecutor(20) as pool:
        held = [pool.submit(submit.call, "GET", "/v1/videos") for _ in range(20)]
        eventually(lambda: key_sets.asked == 1, timeout=10)
        assert 200 == submit.call("GET", "/healthz")[0]  # the others are served while the issuer thinks
        key_sets.go.set()
        assert [200] * 20 == [each.result(20)[0] for each in held]

    assert 1 == key_sets.asked
    assert 401 == status(submit, key_sets.token(aud="billing"))
    assert 401 == status(submit, Issuer().token(exp=int(time.time()) + 60, nbf=1, iat=1))
    assert 1 == key_sets.asked


def test_nothing_that_lets_anybody_in_stands_in_the_log(
    submit: SubmitServer, key_sets: KeySetServer, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"REDIS_URL": redis_url, "KEY_PEPPER": PEPPER}
    assert 0 == keys.main(["create", "--scopes", "videos:read", "--label", "label-of-it"], environ)
    stored, first, token = capsys.readouterr().out.strip(), submit.key, key_sets.token()
    forged = Issuer().token(exp=int(time.time()) + 60, nbf=1, iat=1)
    bad = [key_sets.token(exp=1), forged, new_api_key(stored[3:11]), "not-a-key-at-all-but-a-secret"]

    assert [200, 200, 200] == [status(submit, each) for each in (first, stored, token)]
    assert [401] * 4 == [status(submit, each) for each in bad]
    made = submit_with(submit, first, "POST", "/admin/keys", {"tenant": "ada", "scopes": ["videos:read"]})
    assert 0 == keys.main(["revoke", stored[3:11]], environ)
    eventually(lambda: status(submit, stored) == 401, timeout=5)

    log = submit.log.read_text()
    assert "API key made" in log
    for secret in (first, stored, token, made["key"], *bad, PEPPER):
        assert secret[-20:] not in log
        assert secret.split(".")[-1][:40] not in log
    assert "ada@example.com" not in log


def submit_with(submit: SubmitServer, key: str, method: str, path: str, body: object) -> dict[str, str]:
    submit.key = key
    return dict(submit.call(method, path, body)[1])

"""What all functions have in common."""

from __future__ import annotations

from io import BytesIO

import pytest
from prometheus_client import generate_latest

from functions import kit
from functions.generate.app import create_app as generate
from functions.notify.app import create_app as notify
from functions.recover.app import create_app as recover
from functions.submit.app import create_app as submit
from shared.core.errors import Unavailable, UnsafeServer

EVENT = {
    "ce-id": "1",
    "ce-source": "/test",
    "ce-type": "test",
    "ce-specversion": "1.0",
    "content-type": "application/json",
}


@pytest.mark.parametrize(("size", "status"), [(kit.MAX_BODY, 200), (kit.MAX_BODY + 1, 413), (10 * kit.MAX_BODY, 413)])
def test_a_body_that_does_not_tell_its_length_has_the_same_bound(size, status):
    heard = []
    app = kit.create_app(__name__, ping=lambda: None)
    kit.on_event(app, "/", heard.append)
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}

    answer = app.test_client().post(
        "/", input_stream=BytesIO(b"{}" + b" " * (size - 2)), headers=EVENT, environ_overrides=chunked
    )

    assert (status, status == 200) == (answer.status_code, len(heard) == 1)


class Store:
    """Answers as it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def ping(self) -> None:
        if self.error:
            raise self.error


def test_why_a_function_is_not_ready_is_told_once(caplog):
    store = Store()
    client = kit.create_app(__name__, ping=store.ping).test_client()

    def probes(error, count=3):
        store.error = error
        return [client.get("/readyz").status_code for _ in range(count)]

    assert [503] * 3 == probes(Unavailable("away"))
    assert [500] * 3 == probes(UnsafeServer("it evicts"))
    assert [200] * 3 == probes(None)
    assert [500] * 3 == probes(UnsafeServer("it evicts"))
    assert ["away", "it evicts", "it evicts"] == [str(record.error) for record in caplog.records]


def series() -> set[bytes]:
    """What is counted, with all labels."""
    return {line.rpartition(b" ")[0] for line in generate_latest().splitlines() if not line.startswith(b"#")}


@pytest.mark.parametrize("create_app", [submit, generate, notify, recover])
def test_methods_that_a_caller_makes_up_are_counted_as_one(settings_with, services, create_app):
    client = create_app(settings_with(ENGINE="tests.engines.instant:Instant"), services).test_client()

    def asked(method: str) -> None:
        for path in ("/", "/healthz", "/nowhere"):
            client.open(path, method=method)

    asked("GET")
    asked("MADE-UP")
    known = series()
    for number in range(100):
        asked(f"MADE-UP{number}")

    assert known == series()
    assert [] == [name for name in known if b"MADE" in name]

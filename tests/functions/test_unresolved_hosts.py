"""A resolver that fails for a moment: nobody's request is wrong because of it, and no event is lost."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.adapters.http_webhooks import HttpWebhooks
from shared.core import events
from tests.witness import watched

URL = "https://hooks.example.com/flipbook"
BODY = {"prompt": "a fox", "webhook": {"url": URL}}
EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": events.REQUESTED}


class Resolver:
    """Knows every name, unless it fails."""

    def __init__(self) -> None:
        self.error: OSError | None = socket.gaierror(socket.EAI_AGAIN, "10.0.0.10 does not answer")

    def __call__(self, host: str, port: int) -> list[str]:
        if self.error:
            raise self.error
        return ["93.184.216.34"]


@pytest.fixture
def resolver():
    return Resolver()


@pytest.fixture
def client(settings, services, resolver):
    return watched(create_app(settings, replace(services, webhooks=HttpWebhooks(resolve=resolver)))).test_client()


def listed(client, auth):
    return client.get("/v1/videos", headers=auth).json["data"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/videos", BODY),
        ("/v1/videos/batch", {"requests": [{"prompt": "a dog"}, BODY]}),
        ("/v1/videos/estimate", BODY),
        ("/v1/webhook_endpoints", {"name": "shop", "url": URL, "event_types": ["video.completed"]}),
    ],
)
def test_a_url_is_not_refused_while_no_name_can_be_looked_up(client, auth, resolver, path, body):
    answer = client.post(path, json=body, headers=auth)

    assert (503, "store_unavailable") == (answer.status_code, answer.json["error"]["code"])
    assert {"Retry-After": "5", "x-should-retry": "true"}.items() <= dict(answer.headers).items()
    assert "host name" in answer.json["detail"]
    assert "10.0.0.10" not in answer.text
    assert [] == listed(client, auth)

    resolver.error = None
    assert 400 > client.post(path, json=body, headers=auth).status_code


def test_an_event_that_came_in_that_moment_is_sent_again_and_taken(client, auth, resolver):
    def sent() -> int:
        return client.post(
            "/", data=json.dumps(BODY), content_type="application/json", headers=auth | EVENT
        ).status_code

    assert 503 == sent()  # which Knative repeats
    resolver.error = None
    assert 202 == sent()
    assert ["a fox"] == [video["prompt"] for video in listed(client, auth)]


def test_a_name_that_there_is_not_is_refused_for_good(client, auth, resolver):
    resolver.error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    answer = client.post("/v1/videos", json=BODY, headers=auth)

    assert (400, "ssrf_blocked") == (answer.status_code, answer.json["error"]["code"])

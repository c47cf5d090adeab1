"""Both CloudEvents SDKs, unmodified: what they send becomes videos, what we send they read."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any

import pytest

from shared.core import events, wire
from tests import needs
from tests.clients import scenario
from tests.unit.core.samples import QUEUED

ACCEPTED = {"status": 202, "body": False}
MUST_SEE: dict[str, dict[str, Any]] = {
    "binary": ACCEPTED,
    "structured": ACCEPTED,
    "batch": ACCEPTED,
    "twice": ACCEPTED,
    "unknown": {"status": 400, "code": "invalid_event"},
}
VIDEOS = {"binary": 1, "structured": 1, "batch": 2, "twice": 1, "unknown": 0}
TOLD = events.of(QUEUED)
CLIENTS = ("cloudevents for Python", "cloudevents for JavaScript")


def command(client: str) -> list[str]:
    if client == "cloudevents for Python":
        return [sys.executable, "python/cloudevents_sender.py"]
    needs.require("node")
    needs.require_folder(scenario.HERE / "node" / "node_modules")
    return ["node", "node/cloudevents.mjs"]


def told() -> str:
    assert TOLD is not None
    headers, body = wire.to_http(TOLD)
    return json.dumps({"headers": dict(headers), "body": body.decode()})


@pytest.fixture(scope="session")
def seen_by(addresses):
    """What a client saw; each runs once."""

    @cache
    def seen(client: str) -> dict[str, Any]:
        run = str(CLIENTS.index(client))
        return scenario.run(command(client), addresses.environ | {"FLIPBOOK_RUN": run, "FLIPBOOK_EVENT": told()})

    return seen


@pytest.mark.parametrize("check", MUST_SEE)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_event_is_answered_as_knative_wants_it(seen_by, client, check):
    assert MUST_SEE[check] == seen_by(client).get(check), seen_by(client).get("the script")


@pytest.mark.parametrize("check", VIDEOS)
@pytest.mark.parametrize("client", CLIENTS)
def test_an_event_becomes_one_video(seen_by, addresses, client, check):
    seen_by(client)

    found = addresses.submit.list(f"metadata[run]={CLIENTS.index(client)}&metadata[check]={check}")

    assert VIDEOS[check] == len(found)


@pytest.mark.parametrize("client", CLIENTS)
def test_an_event_of_ours_is_read(seen_by, client):
    assert {"type": TOLD.type, "subject": TOLD.subject, "id": TOLD.id} == seen_by(client).get("heard")

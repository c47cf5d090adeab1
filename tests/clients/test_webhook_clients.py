"""Other people's libraries verify and read one and the same callback, as it was really received."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from datetime import UTC, datetime
from threading import Event
from typing import Any

import openai
import pytest
import standardwebhooks
import svix.webhooks
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from functions.notify.handler import Courier
from functions.submit.app import create_app
from shared import wiring
from shared.core import message
from shared.core.access import new_api_key
from shared.core.job import CancelRequested
from shared.core.message import Message
from shared.settings import Settings
from tests import needs
from tests.clients import scenario
from tests.functions.jobs import queue
from tests.receiver import Receiver

OTHER = "whsec_" + base64.b64encode(b"x" * 33).decode()
ENDPOINTS = "/v1/webhook_endpoints"


@pytest.fixture(scope="module")
def callback() -> dict[str, Any]:
    """A callback to an endpoint whose secret was rotated, both secrets, and the platform's key set."""
    key = new_api_key()
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    keys = {
        "API_KEYS": key,
        "WEBHOOK_KEY": base64.b64encode(b"k" * 32).decode(),
        "WEBHOOK_SIGNING_KEY": "whsk_" + base64.b64encode(b"s" * 32).decode(),
        "WEBHOOK_SECRET": OTHER,
        "WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    settings = Settings.from_env(places | keys)
    services = wiring.build(settings)
    client, auth = create_app(settings, services).test_client(), {"Authorization": f"Bearer {key}"}
    with Receiver() as receiver:
        wish = {"url": receiver.url, "event_types": ["video.cancelled"]}
        made = client.post(ENDPOINTS, json=wish, headers=auth).json
        keep = {"keep_old_secret_active_for_24_hours": True}
        rotated = client.post(f"{ENDPOINTS}/{made['id']}/rotate_secret", json=keep, headers=auth).json
        job = services.jobs.apply(queue(services).id, CancelRequested())
        Courier(services, settings, Event()).run()
        [(headers, body)] = receiver.received
    services.close()
    return {
        "job": job.id,
        "headers": headers,
        "body": body,
        "secrets": [made["signing_secret"], rotated["signing_secret"]],
        "jwks": client.get("/.well-known/jwks.json").json,
    }


@pytest.mark.parametrize("nth", [0, 1])
def test_openai_unwraps_it_with_each_secret(callback, nth):
    event = openai.OpenAI(api_key="none").webhooks.unwrap(
        callback["body"], callback["headers"], secret=callback["secrets"][nth]
    )

    assert ("event", "video.cancelled", callback["job"]) == (event.object, event.type, event.data.id)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        openai.OpenAI(api_key="none").webhooks.unwrap(callback["body"], callback["headers"], secret=OTHER)


@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook], ids=["standardwebhooks", "svix"])
def test_the_libraries_of_the_standard_verify_it_with_each_secret(callback, library, nth):
    library(callback["secrets"][nth]).verify(callback["body"], callback["headers"])

    for body, secret in ((callback["body"] + b" ", callback["secrets"][nth]), (callback["body"], OTHER)):
        with pytest.raises(Exception, match="No matching signature"):
            library(secret).verify(body, callback["headers"])


@pytest.mark.parametrize("length", [24, 33, 48])
def test_secrets_of_each_length_that_needs_no_padding_are_understood(length):
    """The platform's own is its owner's to choose. With padding, some libraries take it for other bytes."""
    secret = "whsec_" + base64.b64encode(bytes(range(length))).decode()
    at = datetime.now(UTC)
    body = message.text(event_id="evt_1", event_type="video.failed", at=at, data={"id": "video_1"}).encode()
    told = Message(id="evt_1", type="video.failed", subject="video_1", created_at=at, body=body)
    headers = dict(message.headers(told, message.signatures(told, [secret], [], at), at))

    assert "=" not in secret
    assert "video_1" == openai.OpenAI(api_key="none").webhooks.unwrap(body.decode(), headers, secret=secret).data.id
    for library in (standardwebhooks.Webhook, svix.webhooks.Webhook):
        library(secret).verify(body, headers)


def test_who_has_no_secret_verifies_it_with_the_key_set(callback):
    headers, [jwk] = callback["headers"], callback["jwks"]["keys"]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk["x"] + "="))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + callback["body"]
    [signature] = [word[4:] for word in headers["webhook-signature"].split(" ") if word.startswith("v1a,")]

    public.verify(base64.b64decode(signature), signed)
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(signature), signed + b" ")


def test_cloudevents_reads_it(callback):
    event = from_http_event(HTTPMessage(callback["headers"], callback["body"]))

    assert (callback["headers"]["webhook-id"], "dev.flipbook.video.cancelled.v1", callback["job"]) == (
        event.get_id(),
        event.get_type(),
        event.get_subject(),
    )
    assert json.loads(callback["body"]) == event.get_data()


def test_the_libraries_for_javascript_verify_and_read_it(callback):
    needs.require("node")
    needs.require_folder(scenario.HERE / "node" / "node_modules")
    told = {
        "headers": callback["headers"],
        "body": callback["body"].decode(),
        "secret": callback["secrets"][1],
        "wrong": OTHER,
    }
    done = subprocess.run(
        ["node", "node/webhooks.mjs"],
        cwd=scenario.HERE,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        | {"FLIPBOOK_CALLBACK": json.dumps(told)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 0 == done.returncode, done.stderr
    assert {
        "standardwebhooks": "verified",
        "standardwebhooks, another secret": "WebhookVerificationError",
        "svix": "verified",
        "svix, another secret": "WebhookVerificationError",
        "openai": ["video.cancelled", callback["job"]],
        "openai, another secret": "InvalidWebhookSignatureError",
        "cloudevents": [
            True,
            callback["headers"]["webhook-id"],
            "dev.flipbook.video.cancelled.v1",
            callback["job"],
        ],
    } == json.loads(done.stdout)

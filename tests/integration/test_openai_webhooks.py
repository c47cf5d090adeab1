"""OpenAI's own Python client manages webhook endpoints, and unwraps what they are sent."""

from __future__ import annotations

import base64
import threading

import openai
import pytest
from openai import OpenAI
from redis import Redis
from werkzeug.serving import make_server

from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.core.endpoint import EVENT_TYPES
from shared.settings import Settings
from tests.faults import FaultProxy
from tests.receiver import Receiver


@pytest.fixture
def client(redis_url):
    """The client, and the API on loopback over a real store."""
    key = new_api_key()
    settings = Settings.from_env(
        {
            "REDIS_URL": redis_url,
            "ARTIFACTS_URL": "memory://",
            "K_SINK": "memory://",
            "API_KEYS": key,
            "WEBHOOK_KEY": base64.b64encode(b"k" * 32).decode(),
            "WEBHOOK_NETWORKS": "127.0.0.0/8",
        }
    )
    services = wiring.build(settings)
    server = make_server("127.0.0.1", 0, create_app(settings, services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with OpenAI(api_key=key, base_url=f"http://127.0.0.1:{server.port}/v1", max_retries=0) as made:
        yield made
    server.shutdown()
    thread.join()
    server.server_close()
    services.close()


def test_an_endpoint_s_whole_life(client):
    with Receiver(204) as receiver:
        made = client.webhooks.create(name="orders", url=receiver.url, event_types=["video.completed"])
        tested = client.webhooks.test(made.id, event_type="video.completed")
        rotated = client.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
        client.webhooks.test(made.id, event_type="video.completed")
        (headers, body), (both, last) = receiver.received

    assert ("webhook_endpoint", receiver.url, ["video.completed"]) == (made.object, made.url, made.event_types)
    assert (True, 204, made.id) == (tested.success, tested.status_code, tested.webhook_endpoint_id)
    event = client.webhooks.unwrap(body, headers, secret=made.signing_secret)
    assert ("video.completed", "video_test") == (event.type, event.data.id)
    for secret in (made.signing_secret, rotated.signing_secret):
        client.webhooks.verify_signature(last, both, secret=secret)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.verify_signature(body, headers, secret=rotated.signing_secret)

    renamed = client.webhooks.update(made.id, name="all orders", event_types=["video.completed", "video.failed"])
    assert ("all orders", renamed.url) == (client.webhooks.retrieve(made.id).name, receiver.url)
    assert rotated.signing_secret.endswith(renamed.signing_secret_hint)
    assert client.webhooks.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.webhooks.retrieve(made.id)


def test_a_lost_answer_costs_neither_a_second_endpoint_nor_a_secret(client):
    with Receiver(204) as receiver, FaultProxy(client.base_url.port) as proxy:
        patient = client.with_options(base_url=f"http://127.0.0.1:{proxy.port}/v1", max_retries=2)
        proxy.cut(1)
        created = patient.webhooks.with_raw_response.create(name="orders", url=receiver.url, event_types=[])
        made = created.parse()
        proxy.cut(1)
        rotated = patient.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
        client.webhooks.test(made.id, event_type="video.completed")
        [(headers, body)] = receiver.received

    assert (1, [made.id]) == (created.retries_taken, [each.id for each in client.webhooks.list()])
    for secret in (made.signing_secret, rotated.signing_secret):
        client.webhooks.verify_signature(body, headers, secret=secret)
    assert 2 == len(headers["webhook-signature"].split(" "))


def test_no_secret_lies_in_the_store_as_it_is(client, redis_url):
    made = client.webhooks.create(url="http://127.0.0.1:9/", name="orders", event_types=["video.completed"])
    rotated = client.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
    with Redis.from_url(redis_url, decode_responses=True) as floor:
        kept = "".join(floor.get(name) for name in floor.scan_iter() if floor.type(name) == "string")

    assert made.id in kept
    for secret in (made.signing_secret, rotated.signing_secret):
        assert secret.removeprefix("whsec_") not in kept


def test_every_page_is_walked(client):
    made = [
        client.webhooks.create(name=f"n{n}", url="http://127.0.0.1:9/", event_types=["video.failed"]).id
        for n in range(5)
    ]

    assert made[::-1] == [each.id for each in client.webhooks.list(limit=2)]


def test_the_types_are_told(client):
    assert list(EVENT_TYPES) == client.webhooks.event_types.list().data


def test_an_address_that_must_not_be_called_is_a_bad_request(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.webhooks.create(name="n", url="https://169.254.169.254/latest", event_types=["video.failed"])
    assert ("ssrf_blocked", "url") == (caught.value.code, caught.value.param)

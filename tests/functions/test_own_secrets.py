"""A video's own webhook may have a secret and headers of its own, which only its receiver sees."""

import logging
from datetime import UTC, datetime
from threading import Event

import pytest
from redis import Redis
from standardwebhooks import Webhook

from functions.notify.handler import Courier
from functions.notify.messenger import Messenger
from functions.notify.postman import Postman
from functions.submit.app import create_app
from shared.core import events
from shared.core.job import CancelRequested
from tests.functions.conftest import WEBHOOK_SECRET
from tests.receiver import Receiver
from tests.stores import redis_stores

SECRET = "whsec_b3duIG93biBvd24gb3duIG93biBvd24gb3du"
OWN = {"secret": SECRET, "headers": {"Authorization": "Bearer tr0ub4dor", "X-Tenant": "a b"}}


def ask(client, auth, webhook, **how):
    return client.post("/v1/videos", headers=auth, **how or {"json": {"prompt": "x", "webhook": webhook}})


def signed_by(secret, received):
    headers, body = received
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    return headers["webhook-signature"].split(" ")[0] == Webhook(secret).sign(headers["webhook-id"], at, body.decode())


def test_callbacks_carry_its_headers_and_are_signed_with_its_secret_alone(client, auth, services, settings):
    with Receiver() as receiver:
        job_id = ask(client, auth, OWN | {"url": receiver.url}).json["id"]
        services.jobs.apply(job_id, CancelRequested())
        again = client.post(f"/v1/videos/{job_id}/retry", headers=auth).json["id"]
        services.jobs.apply(again, CancelRequested())
        Courier(services, settings, Event()).run()
        received = receiver.wait(2)

    for each in received:
        assert ("Bearer tr0ub4dor", "a b") == (each[0]["authorization"], each[0]["x-tenant"])
        assert signed_by(SECRET, each)
        assert not signed_by(WEBHOOK_SECRET, each)


def test_and_so_are_words_on_the_way(client, auth, services, settings):
    with Receiver() as receiver:
        webhook = OWN | {"url": receiver.url, "events": ["video.started"]}
        ask(client, auth, webhook)
        job = services.jobs.claim("a", settings.lease)
        messenger = Messenger(services, settings, Postman(services, settings))
        messenger.tell(events.progressed(job, "video.started", None, services.jobs.now(), 1))
        messenger.close()
        [received] = receiver.received

    assert "Bearer tr0ub4dor" == received[0]["authorization"]
    assert signed_by(SECRET, received)


def test_a_form_says_it_too(client, auth, services):
    form = {
        "prompt": "x",
        "webhook[url]": "http://127.0.0.1:9/",
        "webhook[headers][X-A]": "b",
        "webhook[secret]": SECRET,
    }
    answer = ask(client, auth, None, data=form)

    assert 202 == answer.status_code, answer.json
    assert services.jobs.get(answer.json["id"]).webhook.sealed


def test_no_answer_log_or_event_tells_them(client, auth, services, settings, caplog):
    caplog.set_level(logging.DEBUG)
    with Receiver(500) as receiver:
        answers = [ask(client, auth, OWN | {"url": receiver.url})]
        job_id = answers[0].json["id"]
        services.jobs.apply(job_id, CancelRequested())
        [taken] = services.deliveries.take(2 * settings.webhook_timeout)
        Postman(services, settings).deliver(taken)
        answers += [client.get(f"/v1/videos/{job_id}{rest}", headers=auth) for rest in ("", "/deliveries")]
        [(_, told)] = receiver.received[:1]
    said = [answer.text for answer in answers] + [told.decode(), caplog.text]
    said += [repr(record.__dict__) for record in caplog.records] + [repr(event) for event in services.publisher.events]

    assert [] == [text for text in said if "tr0ub4dor" in text or SECRET in text]


def test_the_store_holds_them_sealed(client, auth, services, redis_url):
    webhook = services.jobs.get(ask(client, auth, OWN | {"url": "http://127.0.0.1:9/"}).json["id"]).webhook
    with redis_stores(redis_url) as stores, Redis.from_url(redis_url, decode_responses=True) as floor:
        job = stores.finish(webhook=webhook)
        rows = [floor.get(key) for key in floor.scan_iter("*") if floor.type(key) == "string"]

        assert webhook == stores.jobs.get(job.id).webhook
        assert [webhook.sealed] == [each.sealed for each in stores.deliveries.of_job(job.id)]
    assert len(rows) > 1
    assert [] == [row for row in rows if "tr0ub4dor" in row or SECRET in row]


WRONG = [
    ({"secret": "whsec_short"}, "/webhook/secret"),
    ({"secret": 7}, "/webhook/secret"),
    ({"headers": {"a b": "c"}}, "/webhook/headers/a b"),
    ({"headers": {"Host": "evil"}}, "/webhook/headers/Host"),
    ({"headers": {"Content-Length": "0"}}, "/webhook/headers/Content-Length"),
    ({"headers": {"webhook-id": "x"}}, "/webhook/headers/webhook-id"),
    ({"headers": {"X-A": "b\r\nX-B: c"}}, "/webhook/headers/X-A"),
    ({"headers": {"X-A": "ü"}}, "/webhook/headers/X-A"),
    ({"headers": {"X-A": ""}}, "/webhook/headers/X-A"),
    ({"headers": {"X-A": "b", "x-a": "c"}}, "/webhook/headers"),
    ({"headers": {f"X-{n}": "b" for n in range(9)}}, "/webhook/headers"),
    ({"headers": "X-A: b"}, "/webhook/headers"),
]


@pytest.mark.parametrize(("wrong", "pointer"), WRONG, ids=lambda value: ascii(value)[:40])
def test_what_would_break_a_callback_is_refused_where_it_stands(client, auth, wrong, pointer):
    answer = ask(client, auth, {"url": "http://127.0.0.1:9/"} | wrong)

    assert (400, "invalid_parameter", [pointer]) == (
        *(answer.status_code, answer.json["error"]["code"]),
        [error["pointer"] for error in answer.json["errors"]],
    )
    assert "whsec_short" not in answer.text


@pytest.mark.parametrize("name", ["secret", "headers"])
def test_where_nothing_can_be_sealed_nothing_is_taken(settings_with, services, auth, name):
    client = create_app(settings_with(WEBHOOK_KEY=""), services).test_client()

    answer = ask(client, auth, {"url": "http://127.0.0.1:9/", name: OWN[name]})

    assert (400, "unsupported_feature") == (answer.status_code, answer.json["error"]["code"])
    assert f"/webhook/{name}" == answer.json["errors"][0]["pointer"]
    assert "WEBHOOK_KEY" in answer.json["errors"][0]["detail"]


def test_one_that_cannot_be_opened_here_is_not_sent_without_its_secret(client, auth, services, settings_with):
    with Receiver() as receiver:
        job_id = ask(client, auth, OWN | {"url": receiver.url}).json["id"]
        services.jobs.apply(job_id, CancelRequested())
        other = settings_with(WEBHOOK_KEY="b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=")
        [taken] = services.deliveries.take(2 * other.webhook_timeout)
        Postman(services, other).deliver(taken)
        assert [] == receiver.received
    [shown] = client.get(f"/v1/videos/{job_id}/deliveries", headers=auth).json["data"]
    assert ("pending", "secret_unreadable") == (shown["status"], shown["error"])

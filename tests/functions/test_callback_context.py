"""A callback says where in its video's story it stands, and whose request it was: the words of its event."""

import json
from dataclasses import replace

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from functions.notify.postman import Postman
from shared.core import events, wire
from shared.core.job import CancelRequested
from tests.functions.jobs import queue
from tests.receiver import Receiver

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ASKED = {"id": "Bestellung 42 “☃”", "correlationid": "Korb\u20007%", "traceparent": TRACE, "tracestate": "a=1,b=2"}
SAID = {
    "correlationid": ASKED["correlationid"],
    "causationid": ASKED["id"],
    "traceparent": TRACE,
    "tracestate": "a=1,b=2",
}


def called(services, settings):
    """The next callback: how the package of CloudEvents reads it."""
    [taken] = services.deliveries.take(2 * settings.webhook_timeout)
    Postman(services, settings).deliver(taken)
    return services.deliveries.get(taken.id)


def attributes(received):
    event = from_http_event(HTTPMessage(*received))
    return {name: event.get_extension(name) for name in events.CONTEXT}


def test_what_an_event_asked_for_is_told_in_its_words(client, auth, services, settings):
    with Receiver() as receiver:
        event = events.Event(
            type=events.REQUESTED,
            source="/orders",
            subject="",
            time=services.jobs.now(),
            data={"prompt": "a red cat", "webhook": receiver.url},
            extensions={name: value for name, value in ASKED.items() if name != "id"},
            id=ASKED["id"],
        )
        headers, body = wire.to_http(event)
        assert 202 == client.post("/v1/events", headers=auth | headers, data=body).status_code
        [video] = client.get("/v1/videos", headers=auth).json["data"]
        services.jobs.apply(video["id"], CancelRequested())
        called(services, settings)

        [received] = receiver.received
    assert SAID | {"sequence": "0000000001"} == attributes(received)
    assert all(value.isascii() and value.isprintable() for value in received[0].values())


def test_without_one_the_video_itself_is_what_belongs_together(services, settings):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url)
        services.jobs.apply(job.id, CancelRequested())
        called(services, settings)

        [received] = receiver.received
    expected = {"sequence": "0000000001", "correlationid": job.id}
    assert dict.fromkeys(events.CONTEXT) | expected == attributes(received)


def test_a_request_s_trace_is_told_too(client, auth, services, settings):
    with Receiver() as receiver:
        wish = {"prompt": "a red cat", "webhook": receiver.url}
        video = client.post("/v1/videos", headers=auth | {"traceparent": TRACE}, json=wish).json
        services.jobs.apply(video["id"], CancelRequested())
        called(services, settings)

        [received] = receiver.received
    expected = {"sequence": "0000000001", "correlationid": video["id"], "traceparent": TRACE}
    assert dict.fromkeys(events.CONTEXT) | expected == attributes(received)


@pytest.mark.parametrize("statuses", [(500, 200)])
def test_every_try_says_the_same(services, settings, statuses):
    with Receiver(*statuses) as receiver:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        kept = called(services, settings)
        services.deliveries.keep(kept, replace(kept, due_at=services.jobs.now()))
        called(services, settings)

        first, second = (attributes(each) for each in receiver.received)
    assert first == second


def test_what_an_older_version_wrote_is_told_without_them(services, settings):
    with Receiver() as receiver:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        [taken] = services.deliveries.take(settings.webhook_timeout)
        bare = replace(taken, extensions={}, due_at=services.jobs.now())
        services.deliveries.keep(taken, bare)
        called(services, settings)

        [received] = receiver.received
    assert dict.fromkeys(events.CONTEXT) == attributes(received)
    assert json.loads(received[1])["id"] == received[0]["ce-id"]

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from multidict import CIMultiDict

from local import delivery
from local.cloud_event import CloudEvent
from local.delivery import NO_RESPONSE, Answer, Journey, Stage
from local.objects import BrokerClass, DeliverySpec, Destination

SINK = Destination(kind="Service", namespace="flipbook", name="recover", path="/dead-letters")
SPEC = DeliverySpec(retry=3, backoff=timedelta(seconds=2), dead_letter=SINK)
EVENT_HEADERS = {"Ce-Specversion": "1.0", "Ce-Id": "1", "Ce-Source": "/s", "Ce-Type": "t"}
EVENT = CloudEvent(attributes={"specversion": "1.0", "id": "1", "source": "/s", "type": "t"})

DECISIONS = [
    (200, Stage.DONE),
    (202, Stage.DONE),
    (204, Stage.DONE),
    (299, Stage.DONE),
    (301, Stage.DEAD_LETTER),
    (304, Stage.DEAD_LETTER),
    (400, Stage.DEAD_LETTER),
    (401, Stage.DEAD_LETTER),
    (403, Stage.DEAD_LETTER),
    (405, Stage.DEAD_LETTER),
    (422, Stage.DEAD_LETTER),
    (404, Stage.DELIVER),
    (408, Stage.DELIVER),
    (409, Stage.DELIVER),
    (429, Stage.DELIVER),
    (500, Stage.DELIVER),
    (502, Stage.DELIVER),
    (503, Stage.DELIVER),
    (504, Stage.DELIVER),
    (599, Stage.DELIVER),
    (NO_RESPONSE, Stage.DELIVER),
]


@pytest.mark.parametrize(("status", "stage"), DECISIONS)
def test_what_a_status_leads_to(status, stage):
    assert stage is delivery.after(Journey(), Answer(status=status), SPEC, 0.0).stage


def test_the_waits_double_and_end_in_a_dead_letter_and_its_waits_double_and_end_in_a_loss():
    journey, at, steps = Journey(), 0.0, []
    while journey.stage in {Stage.DELIVER, Stage.DEAD_LETTER}:
        journey = delivery.after(journey, Answer(status=503, body=b"busy"), SPEC, at)
        steps.append((journey.stage.value, max(journey.due_at - at, 0)))
        at = max(journey.due_at, at)
    ladder = [("deliver", 2), ("deliver", 4), ("deliver", 8), ("dead-letter", 0)]
    assert [*ladder, ("dead-letter", 2), ("dead-letter", 4), ("dead-letter", 8), ("lost", 0)] == steps


def test_without_a_dead_letter_sink_the_event_is_lost():
    spec = DeliverySpec(retry=0)
    assert Stage.LOST is delivery.after(Journey(), Answer(status=500), spec, 0.0).stage


def test_linear_backoff_is_a_multiple_of_the_retry():
    spec = DeliverySpec(exponential=False, backoff=timedelta(seconds=3))
    assert [0, 3, 6] == [delivery.backoff(spec, n).seconds for n in range(3)]


def test_a_long_ladder_does_not_overflow():
    assert delivery.backoff(DeliverySpec(backoff=timedelta(seconds=1)), 1000) > timedelta(days=100)


BODIES = [
    ("an empty body is done", 200, {}, b"", Answer(status=200)),
    ("a JSON body has failed", 200, {"Content-Type": "application/json"}, b"{}", Answer(status=502, body=b"{}")),
    ("an event is a reply", 200, EVENT_HEADERS, b"", Answer(status=200, reply=EVENT)),
    ("202 is no reply", 202, EVENT_HEADERS, b"", Answer(status=202)),
    ("half an event has failed", 200, {"Ce-Specversion": "1.0"}, b"x", Answer(status=502, body=b"x")),
    ("an error keeps its words", 500, {}, b"sorry", Answer(status=500, body=b"sorry")),
]


@pytest.mark.parametrize(("status", "headers", "body", "answer"), [b[1:] for b in BODIES], ids=[b[0] for b in BODIES])
def test_what_a_body_means(status, headers, body, answer):
    assert answer == delivery.answer(status, CIMultiDict(headers), body)


CLASSES = [
    (BrokerClass.MT_CHANNEL, 200, Stage.DELIVER, 502),
    (BrokerClass.IN_MEMORY, 200, Stage.DELIVER, 502),
    (BrokerClass.KAFKA, 200, Stage.DEAD_LETTER, 200),
    (BrokerClass.RABBITMQ, 200, Stage.DONE, 200),
]


@pytest.mark.parametrize(("kind", "status", "stage", "seen"), CLASSES)
def test_what_a_filled_body_leads_to_differs_by_class(kind, status, stage, seen):
    answer = delivery.answer(status, CIMultiDict({"Content-Type": "application/json"}), b"{}", kind)
    assert (seen, stage) == (answer.status, delivery.after(Journey(), answer, SPEC, 0.0, kind).stage)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 422])
def test_rabbitmq_takes_a_refusal_for_done(status):
    answer = delivery.answer(status, CIMultiDict({}), b"no", BrokerClass.RABBITMQ)
    assert Stage.DONE is delivery.after(Journey(), answer, SPEC, 0.0, BrokerClass.RABBITMQ).stage


def test_a_dead_letter_of_rabbitmq_has_the_code_and_no_words():
    answer, kind = Answer(status=503, body=b"busy"), BrokerClass.RABBITMQ
    journey = delivery.after(Journey(retries=3), answer, SPEC, 0.0, kind)
    assert (Stage.DEAD_LETTER, 503, "") == (journey.stage, journey.code, journey.data)


def test_a_dead_letter_says_who_refused_it_and_how():
    journey = delivery.after(Journey(), Answer(status=422, body=b"x" * 2000), SPEC, 0.0)
    letter = delivery.dead_letter(EVENT, journey, "http://worker.flipbook.svc.cluster.local")
    assert "422" == letter.attributes["knativeerrorcode"]
    assert "http://worker.flipbook.svc.cluster.local" == letter.attributes["knativeerrordest"]
    assert b"x" * 1024 == base64.b64decode(letter.attributes["knativeerrordata"])


def test_a_dead_letter_about_an_empty_answer_carries_empty_data():
    letter = delivery.dead_letter(EVENT, Journey(stage=Stage.DEAD_LETTER, code=500), "http://x")
    assert "" == letter.headers()["Ce-Knativeerrordata"]


def test_replies_to_replies_come_to_an_end():
    event, hops = EVENT, 0
    while (event := delivery.republished(EVENT, event)) is not None:
        hops += 1
    assert 254 == hops


def test_the_hop_count_is_not_shown_to_the_subscriber():
    assert EVENT == delivery.outgoing(EVENT.but(knativebrokerttl="7"))

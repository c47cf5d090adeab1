"""CloudEvents at the public door: three modes, no event twice, and answers as Knative reads them (data plane, 3.1)."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.conformance.site import REQUESTED, VIDEO, event

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = {"Content_Type": "application/json"}


def items(*ids):
    return [
        {"specversion": "1.0", "id": each, "source": "/conformance", "type": REQUESTED, "data": VIDEO} for each in ids
    ]


def drawn_for(site, event_id):
    """The ids of the videos that the event became: it is told again, and asked what it was."""
    answer = site.send("POST", "/v1/events", VIDEO, Prefer="reply", **event(id=event_id))
    assert answer.status == 200, answer
    return answer.json["data"]["id"]


def test_an_event_in_binary_mode_becomes_a_video(site):
    sent = event()

    answer = site.send("POST", "/v1/events", VIDEO, **sent)

    assert (202, b"") == (answer.status, answer.body)
    assert "completed" == site.finished(drawn_for(site, sent["Ce_id"]))["status"]


def test_an_event_in_structured_mode_becomes_a_video(site):
    event_id = str(uuid.uuid4())

    answer = site.send("POST", "/", json.dumps(items(event_id)[0]).encode(), Content_Type=STRUCTURED)

    assert (202, b"") == (answer.status, answer.body)
    assert "completed" == site.finished(drawn_for(site, event_id))["status"]


def test_events_in_a_batch_become_videos(site):
    ids = [str(uuid.uuid4()) for _ in range(2)]

    answer = site.send("POST", "/v1/events", json.dumps(items(*ids)).encode(), Content_Type=BATCH)

    assert (202, b"") == (answer.status, answer.body)
    jobs = {drawn_for(site, each) for each in ids}
    assert ["completed"] * 2 == [site.finished(job_id)["status"] for job_id in jobs]


def test_an_event_that_comes_twice_is_one_video_in_whatever_mode(site):
    event_id = str(uuid.uuid4())
    modes = [
        (VIDEO, event(id=event_id)),
        (json.dumps(items(event_id)[0]).encode(), {"Content_Type": STRUCTURED}),
        (json.dumps(items(event_id)).encode(), {"Content_Type": BATCH}),
    ]

    for body, headers in modes * 2:
        assert 202 == site.send("POST", "/v1/events", body, **headers).status

    first = drawn_for(site, event_id)
    assert first == drawn_for(site, event_id)


WRONG = {
    "no event": {},
    "an unknown version": event(specversion="9.9"),
    "no id": event(id=""),
    "no source": event(source=""),
    "no type": event(type=""),
    "a type that nobody knows": event(type="com.example.unknown"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_event_for_us_is_400_which_knative_does_not_repeat(site, wrong):
    assert 400 == site.send("POST", "/v1/events", VIDEO, **WRONG[wrong]).status


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"specversion": "1.0"}'])
def test_a_structured_event_that_is_none_is_400(site, body):
    assert 400 == site.send("POST", "/v1/events", body, Content_Type=STRUCTURED).status


def test_an_event_with_an_empty_body_is_400(site):
    assert 400 == site.send("POST", "/v1/events", b"", **JSON, **event()).status


def test_an_event_without_a_key_is_401(site):
    assert 401 == site.send("POST", "/v1/events", VIDEO, key="", **event()).status


def test_an_event_over_64_kib_is_413(site):
    assert 413 == site.send("POST", "/v1/events", b" " * 70_000, **JSON, **event()).status


def test_the_door_says_that_it_takes_posts(site):
    answer = site.send("OPTIONS", "/v1/events", WebHook_Request_Origin="example.com")

    assert 200 == answer.status
    assert "POST" in answer.headers["allow"]

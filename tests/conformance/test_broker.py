"""The Broker's address, where functions and producers post: specs/eventing/data-plane.md, and what was measured."""

from __future__ import annotations

import json
import uuid

import pytest

from tests.conformance.site import event

UNHEARD = "dev.flipbook.conformance.v1"
JSON = {"Content_Type": "application/json"}


def test_an_event_is_accepted_in_binary_and_in_structured_mode(site):
    structured = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/conformance", "type": UNHEARD, "data": {}}
    mode = {"Content_Type": "application/cloudevents+json"}

    assert 202 == site.tell({}, **JSON, **event(type=UNHEARD)).status
    assert 202 == site.tell(json.dumps(structured).encode(), **mode).status


@pytest.mark.parametrize("headers", [{}, event(specversion="9.9"), event(id="")])
def test_what_is_no_event_is_400(site, headers):
    assert 400 == site.tell({}, **JSON, **headers).status


def test_a_broker_that_is_none_is_404(site):
    assert 404 == site.tell({}, place="-not", **JSON, **event(type=UNHEARD)).status


def test_nothing_can_be_read_from_it(site):
    assert 405 == site.tell(None, method="GET").status


def wake_up(subject):
    return event(
        type="dev.flipbook.video.queued.v1", source="/flipbook", id=str(uuid.uuid4()), subject=subject, bell="ring"
    )


def test_wake_ups_that_are_doubled_early_late_or_about_nothing_change_no_video(site):
    nobody = wake_up("video_01KDYQ3W00AAAAAAAAAAAAAAAA")
    site.tell({}, **JSON, **nobody)
    job_id = site.create()
    again = wake_up(job_id)

    for headers in (again, again, nobody):
        assert 202 == site.tell({}, **JSON, **headers).status
    video = site.finished(job_id)
    site.tell({}, **JSON, **again)
    site.finished(site.create())

    late = site.video(job_id)
    assert ("completed", video["output"], video["completed_at"]) == (
        late["status"],
        late["output"],
        late["completed_at"],
    )
    if site.calm:
        assert 1 == late["attempt"]

"""What the manifests may not say, and what a PingSource sends."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from local import pings
from local.activator import Activator
from local.errors import CannotStart
from local.eventing import Eventing
from local.revision import Revision
from tests.local.stand import ping, platform, service, to, trigger, until

BROKEN = [
    (platform(triggers=[trigger("nobody")]), "Trigger nobody names Service nobody, which no manifest defines."),
    (platform(triggers=[trigger("door", dead_letter=to("nobody"))]), "Trigger door names Service nobody, which"),
    (platform(triggers=[replace(trigger("door"), broker="other")]), "Trigger door names Broker other, which"),
    (platform(pings=[ping("nobody")]), "PingSource nobody names Service nobody, which"),
    (platform(pings=[ping("door", "0 0 30 2 *")]), "PingSource door: the schedule never comes."),
    (platform(pings=[ping("door", "* * * * 8")]), "PingSource door: weekday '8' is not within 0-6."),
]


@pytest.mark.parametrize(("objects", "sentence"), BROKEN)
def test_what_leads_nowhere_is_refused_at_the_start(objects, sentence):
    door = Revision(objects.services[0], Activator(1, clock=lambda: 0.0), session=None)
    with pytest.raises(CannotStart, match=re.escape(sentence)):
        Eventing(objects, {("flipbook", "door"): door}, Redis())


def test_a_tick_is_the_event_that_knative_sends():
    event = pings.event(ping(), datetime(2026, 1, 1, 0, 1, tzinfo=UTC))
    attributes = {name: value for name, value in event.attributes.items() if name != "id"}
    assert {
        "specversion": "1.0",
        "source": "/apis/v1/namespaces/flipbook/pingsources/worker",
        "type": "dev.knative.sources.ping",
        "time": "2026-01-01T00:01:00Z",
    } == attributes
    assert ("application/json", b"{}") == (event.content_type, event.data)


def test_ticks_come_again_and_again_and_wake_their_service(run):
    running = run(platform(service(), pings=[ping()]), TICK_SECONDS="1")
    until(lambda: running.notes()[1:])
    assert {"dev.knative.sources.ping"} == {note["headers"]["ce-type"] for note in running.notes()}
    assert "prefer" not in running.notes()[0]["headers"]

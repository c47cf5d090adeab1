"""What becomes of an event that is told behind the answer: the Broker is slow, away, or too much is to be told."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from functions.recover.handler import Sweeper
from functions.submit.app import CRIERS, create_app
from functions.submit.herald import Herald
from tests.functions.jobs import queue
from tests.functions.studio import Hold, eventually

PROMPT = {"prompt": "a red cat on the sea"}


class SlowBroker:
    """Takes an event when the test lets it."""

    def __init__(self, broker):
        self._broker = broker
        self.hold = Hold()
        self.held = 0

    def publish(self, event):
        self.held += 1
        self.hold.here()
        self._broker.publish(event)


@pytest.fixture
def slow(services):
    return SlowBroker(services.publisher)


def rows(services):
    return [event.subject for event in services.outbox.unsent(older_than=timedelta(0), limit=10)]


def untold():
    return REGISTRY.get_sample_value("flipbook_events_untold_total")


def test_the_answer_does_not_wait_for_a_slow_broker(settings, services, slow, auth):
    client = create_app(settings, replace(services, publisher=slow)).test_client()

    answer = client.post("/v1/videos", json=PROMPT, headers=auth)

    assert 202 == answer.status_code
    slow.hold.await_reached()
    assert ([], [answer.json["id"]]) == (services.publisher.events, rows(services))
    slow.hold.go.set()
    eventually(lambda: rows(services) == [])
    assert [answer.json["id"]] == [event.subject for event in services.publisher.events]


def test_a_purge_does_not_wait_for_a_slow_broker_nor_a_bell_for_a_purge(settings, services, slow, auth):
    client = create_app(settings, replace(services, publisher=slow)).test_client()
    purged = [queue(services).id for _ in range(5)]

    answer = client.post("/admin/queue/purge", json={}, headers=auth)

    assert (200, 5) == (answer.status_code, answer.json["cancelled"])
    eventually(lambda: slow.held == CRIERS)
    new = client.post("/v1/videos", json=PROMPT, headers=auth).json["id"]
    eventually(lambda: slow.held == CRIERS + 1)
    slow.hold.go.set()
    eventually(lambda: len(services.publisher.events) == 6)
    assert {*purged, new} == {event.subject for event in services.publisher.events}


def test_what_a_broker_that_is_away_did_not_hear_recover_tells(settings_with, services, auth):
    settings = settings_with(RESEND_SECONDS="0.01")
    app = create_app(settings, services)
    services.publisher.down = True

    job_id = app.test_client().post("/v1/videos", json=PROMPT, headers=auth).json["id"]
    [finish] = app.extensions["parting"]
    finish()

    assert [job_id] == rows(services)
    services.publisher.down = False
    eventually(lambda: services.outbox.unsent(older_than=settings.resend, limit=1))
    Sweeper(services, settings).sweep()
    assert [] == rows(services)
    assert job_id in [event.subject for event in services.publisher.events]


def test_what_finds_no_room_is_counted_and_left_to_recover(services, slow):
    herald = Herald(replace(services, publisher=slow).announce, room=1, voices=1)
    told, waiting, refused = (queue(services) for _ in range(3))
    before = untold()

    herald.announce(told)
    slow.hold.await_reached()
    herald.announce(waiting)
    herald.announce(refused)

    assert before + 1 == untold()
    slow.hold.go.set()
    assert 0 == herald.finish()
    assert [told.id, waiting.id] == [event.subject for event in services.publisher.events]
    assert [refused.id] == rows(services)


def test_a_stop_waits_for_what_is_to_be_told_but_not_for_ever(services, slow):
    herald = Herald(replace(services, publisher=slow).announce, voices=1)
    for _ in range(3):
        herald.announce(queue(services))
    slow.hold.await_reached()

    assert 3 == herald.finish(seconds=0.05)
    slow.hold.go.set()
    assert 0 == herald.finish()
    assert [] == rows(services)


def test_so_many_are_told_of_at_a_time_and_news_after_silence_too(services, slow):
    herald = Herald(replace(services, publisher=slow).announce, voices=2)
    for _ in range(5):
        herald.announce(queue(services))
    eventually(lambda: slow.held == 2)

    assert 5 == herald.finish(seconds=0.05)
    assert 2 == slow.held
    slow.hold.go.set()
    assert 0 == herald.finish()
    herald.announce(last := queue(services))
    assert 0 == herald.finish()
    assert last.id == services.publisher.events[-1].subject


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_with_one_event_keeps_no_other_from_being_told():
    heard = []

    def announce(job, position):
        assert job != "bad"
        heard.append((job, position))

    herald = Herald(announce, voices=1)
    for job in ("bad", "good", "bad", "better"):
        herald.announce(job, 3)

    assert 0 == herald.finish()
    assert [("good", 3), ("better", 3)] == heard
    for thread in threading.enumerate():
        if thread.name == "herald":
            thread.join(5)  # what it says of its bug belongs to this test

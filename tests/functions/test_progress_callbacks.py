"""How a video gets on is told to who asked for it: once, signed, and nothing is kept of it."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest
from standardwebhooks import Webhook

from functions.generate.narrator import Narrator
from functions.notify.app import create_app
from functions.notify.messenger import AT_A_TIME, Messenger
from functions.notify.postman import Postman
from shared.adapters.memory_rates import MemoryRateStore
from shared.core import events, wire
from shared.core.events import PROGRESS
from shared.core.ids import event_id
from shared.core.job import CancelRequested
from shared.core.progress import Phase, Progress
from tests.functions.conftest import WEBHOOK_SECRET
from tests.functions.jobs import queue
from tests.functions.studio import eventually, watched
from tests.peers import peer
from tests.receiver import Receiver
from tests.stores import START, Clock

BOTH = ("video.started", "video.progress")
ENDPOINTS = "/v1/webhook_endpoints"


@pytest.fixture
def messenger(services, settings):
    made = Messenger(services, settings, Postman(services, settings))
    yield made
    made.close()


def running(services, settings, **options):
    job = queue(services, **options)
    claimed = services.jobs.claim("a", settings.lease)
    assert job.id == claimed.id
    return claimed


def step(number):
    return Progress(attempt="a", phase=Phase.DENOISING, step=number, total_steps=8)


def said(services):
    return [(event.data["tell"], event.data["step"]) for event in services.publisher.events if event.type == PROGRESS]


@contextmanager
def narrated(services, job, every=0.02):
    with Narrator(services, job, every=every) as narrator:
        yield narrator


def test_generate_tells_of_what_was_asked_for_and_the_newest_counts(services, settings):
    job = running(services, settings, callback="http://127.0.0.1:9/", events=BOTH)
    with narrated(services, job, every=0.2) as narrator:
        for number in range(5):
            narrator.say(step(number))
        eventually(lambda: len(said(services)) == 2)
        narrator.say(step(5))
        eventually(lambda: len(said(services)) == 3)

    assert [("video.started", None), ("video.progress", 4), ("video.progress", 5)] == said(services)
    assert 3 == len({event.id for event in services.publisher.events if event.type == PROGRESS})


@pytest.mark.parametrize("wanted", [(), ("video.completed",), ("video.started",)])
def test_what_nobody_asked_for_is_not_told(services, settings, wanted):
    job = running(services, settings, callback="http://127.0.0.1:9/", events=wanted)
    narrator = Narrator(services, job, every=0.01)
    with narrator:
        narrator.say(step(1))
        narrator._thread.join(0.5)

    assert [("video.started", None)] * ("video.started" in wanted) == said(services)


def test_a_video_starts_once_however_often_it_is_claimed(services, settings):
    job = running(services, settings, callback="http://127.0.0.1:9/", events=("video.started",))
    narrator = Narrator(services, type(job)(**{**{n: getattr(job, n) for n in job.__slots__}, "attempts": 2}))
    with narrator:
        narrator._thread.join(5)

    assert [] == said(services)


def test_a_broker_that_is_away_stops_nothing(services, settings):
    job = running(services, settings, callback="http://127.0.0.1:9/", events=BOTH)
    services.publisher.down = True
    with narrated(services, job) as narrator:
        narrator.say(step(1))
        eventually(lambda: narrator._newest is None)

    assert [] == said(services)


def test_a_drawing_says_that_it_started(services, studio):
    job = queue(services, callback="http://127.0.0.1:9/", events=BOTH)
    studio.serve(watched())
    eventually(lambda: ("video.started", None) in said(services))

    assert job.id == next(event.subject for event in services.publisher.events if event.type == PROGRESS)


def test_the_word_reaches_the_job_s_own_webhook_and_each_endpoint_signed(client, auth, services, settings):
    with Receiver() as own, Receiver() as other, Receiver() as deaf:
        wish = {"url": other.url, "event_types": ["video.progress"]}
        secret = client.post(ENDPOINTS, json=wish, headers=auth).json["signing_secret"]
        client.post(ENDPOINTS, json={"url": deaf.url, "event_types": ["video.completed"]}, headers=auth)
        job = running(services, settings, callback=own.url, events=BOTH)
        services.jobs.report(job.id, step(4))
        event = events.progressed(job, "video.progress", step(4), services.jobs.now(), 1)
        headers, body = wire.to_http(event)
        answer = create_app(settings, services).test_client().post("/", headers=headers, data=body)
        received = [each.wait(1)[0] for each in (own, other)]

        assert (200, b"", []) == (answer.status_code, answer.data, deaf.received)
    for key, (got, text) in zip((WEBHOOK_SECRET, secret), received, strict=True):
        told = Webhook(key).verify(text, got)
        assert ("video.progress", job.id, 4, "in_progress") == (
            *(told["type"], told["data"]["id"], told["data"]["step"], told["data"]["status"]),
        )
        assert (PROGRESS, f"{job.version:010d}.030004", job.id) == (
            *(got["ce-type"], got["ce-sequence"], got["ce-correlationid"]),
        )
    assert [] == services.deliveries.of_job(job.id)


def test_a_word_that_is_not_taken_is_not_repeated_and_changes_nothing(client, auth, services, settings, messenger):
    with Receiver(500) as receiver:
        wish = {"url": receiver.url, "event_types": ["video.started"]}
        made = client.post(ENDPOINTS, json=wish, headers=auth).json
        job = running(services, settings)
        messenger.tell(events.progressed(job, "video.started", None, services.jobs.now(), 0))
        receiver.wait(1)
        messenger.close()

        assert 1 == len(receiver.received)
    shown = client.get(f"{ENDPOINTS}/{made['id']}", headers=auth).json
    assert ("enabled", None, None) == (shown["status"], shown["failing_since"], shown["last_error"])
    assert 0 == services.deliveries.due()


def test_a_late_word_about_a_video_that_is_over_is_not_told(services, settings, messenger):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url, events=BOTH)
        services.jobs.apply(job.id, CancelRequested())
        for subject in (job.id, "video_gone"):
            event = events.progressed(job, "video.started", None, services.jobs.now(), 0)
            messenger.tell(type(event)(**{**{n: getattr(event, n) for n in event.__slots__}, "subject": subject}))
        messenger.close()

        assert [] == receiver.received


def test_a_forged_event_decides_neither_what_is_told_nor_under_which_id(services, settings, messenger):
    """Whoever reaches notify can send one: with the id of the end to come it would have that passed over as seen."""
    with Receiver() as receiver:
        job = running(services, settings, callback=receiver.url, events=BOTH)
        services.jobs.report(job.id, step(4))
        honest = events.progressed(job, "video.progress", step(4), services.jobs.now(), 1)
        forged = replace(
            honest,
            id=event_id(job.id, job.version + 1),
            time=START,
            extensions={"sequence": "9" * 10, "correlationid": "mine", "traceparent": "00-1-1-01"},
        )
        messenger.tell(forged)
        [(headers, body)] = receiver.wait(1)

    told = json.loads(body)
    assert f"{event_id(job.id, job.version)}_p30004" == headers["webhook-id"] == told["id"]
    assert (4, f"{job.version:010d}.030004", job.id, None) == (
        *(told["data"]["step"], headers["ce-sequence"], headers["ce-correlationid"], headers.get("ce-traceparent")),
    )
    assert job.changed_at == datetime.fromisoformat(told["timestamp"])


def test_a_word_that_is_from_tomorrow_is_of_now(services, settings, messenger):
    with Receiver() as receiver:
        job = running(services, settings, callback=receiver.url, events=BOTH)
        event = events.progressed(job, "video.started", None, services.jobs.now() + timedelta(days=1), 0)
        messenger.tell(event)
        [(_, body)] = receiver.wait(1)

    assert job.changed_at <= datetime.fromisoformat(json.loads(body)["timestamp"]) <= services.jobs.now()


@pytest.mark.parametrize("tell", [*BOTH, "video.completed", None, ["video.started"], {"x": 1}])
def test_of_a_video_that_is_not_being_drawn_nothing_is_told_whatever_comes(services, settings, messenger, tell):
    with Receiver() as receiver:
        waiting = queue(services, callback=receiver.url, events=BOTH)
        event = events.progressed(waiting, "video.started", None, services.jobs.now(), 0)
        messenger.tell(replace(event, data={"tell": tell}))
        messenger.close()

        assert [] == receiver.received


def test_what_was_not_reported_is_not_told(services, settings, messenger):
    with Receiver() as receiver:
        job = running(services, settings, callback=receiver.url, events=BOTH)
        messenger.tell(events.progressed(job, "video.progress", step(4), services.jobs.now(), 1))
        messenger.close()

        assert [] == receiver.received


def test_a_start_is_told_once_and_progress_no_oftener_than_every_ten_seconds_in_the_mean(services, settings):
    clock = Clock()
    slow = replace(services, rates=MemoryRateStore(clock))
    messenger = Messenger(slow, settings, Postman(slow, settings))
    with Receiver() as receiver:
        job = running(services, settings, callback=receiver.url, events=BOTH)
        for second in range(60):
            services.jobs.report(job.id, step(second // 8))
            for tell in BOTH:
                messenger.tell(events.progressed(job, tell, step(1), services.jobs.now(), second))
            clock.forward(timedelta(seconds=1))
        messenger.close()
        types = sorted(json.loads(body)["type"] for _, body in receiver.received)

    assert ["video.progress"] * 7 + ["video.started"] == types


def test_receivers_that_never_answer_hold_up_no_event(services, settings, messenger):
    let_go = Event()

    def silent(visit):
        visit.request()
        let_go.wait(20)

    with peer(silent) as slow:
        for number in range(AT_A_TIME + 5):
            queue(services, callback=slow.url, events=BOTH)
            job = services.jobs.claim(f"a{number}", settings.lease)
            messenger.tell(events.progressed(job, "video.started", None, services.jobs.now(), 0))
        eventually(lambda: slow.visits == AT_A_TIME)
        let_go.set()
        messenger.close()

        assert AT_A_TIME == slow.visits


def test_a_bug_in_one_word_is_told(services, settings, caplog):
    class Broken:
        def post(self, url, headers, body):
            raise ZeroDivisionError

    broken = replace(services, webhooks=Broken())
    told = Messenger(broken, settings, Postman(broken, settings))
    job = running(services, settings, callback="http://127.0.0.1:9/", events=BOTH)
    told.tell(events.progressed(job, "video.started", None, services.jobs.now(), 0))
    told.close()

    assert "ZeroDivisionError" in caplog.text


def test_a_caller_asks_for_it_by_name(client, auth):
    wish = {"prompt": "a red cat", "webhook": {"url": "http://127.0.0.1:9/", "events": list(BOTH)}}
    made = client.post("/v1/videos", json=wish, headers=auth)

    assert (202, list(BOTH)) == (made.status_code, json.loads(made.data)["webhook"]["events"])

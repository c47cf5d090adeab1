"""Callbacks: signed, the same on every try, repeated until heard."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest
from standardwebhooks import Webhook

from functions.notify.app import create_app
from functions.notify.handler import Courier
from shared.core import wire
from shared.core.delivery import PLACES, DeliveryState
from shared.core.job import CancelRequested, Expired
from shared.settings import BadSetting, Settings
from tests.functions.conftest import WEBHOOK_SECRET
from tests.functions.jobs import queue
from tests.peers import peer
from tests.receiver import Receiver


@pytest.fixture
def courier(services, settings):
    return Courier(services, settings, Event())


def test_the_end_of_a_job_is_told_and_standardwebhooks_verifies_it(services, courier):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url)
        services.jobs.apply(job.id, CancelRequested())

        courier.run()

        [(headers, body)] = receiver.received
    event = Webhook(WEBHOOK_SECRET).verify(body, headers)
    assert ("event", "video.cancelled", job.id) == (event["object"], event["type"], event["data"]["id"])
    assert event["id"] == headers["webhook-id"] == headers["ce-id"]
    assert ("1.0", "dev.flipbook.video.cancelled.v1", job.id) == (
        headers["ce-specversion"],
        headers["ce-type"],
        headers["ce-subject"],
    )
    assert event == wire.from_http(headers, body).data


def test_a_callback_shows_the_video_as_the_api_does(services, courier, client, auth):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url)
        services.jobs.apply(job.id, CancelRequested())

        courier.run()

        [(_, body)] = receiver.received
    shown = client.get(f"/v1/videos/{job.id}", headers=auth).json
    assert receiver.url == shown.pop("webhook")["url"]
    assert shown == json.loads(body)["data"]


def test_a_tampered_body_does_not_verify(services, courier):
    with Receiver() as receiver:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        courier.run()
        [(headers, body)] = receiver.received

    with pytest.raises(Exception, match="No matching signature"):
        Webhook(WEBHOOK_SECRET).verify(body.replace(b"cancelled", b"completed"), headers)


def test_a_failed_post_is_repeated_with_the_same_id_and_bytes(services, courier):
    """The second try is due after 5 s: the courier waits for it."""
    with Receiver(500, 200) as receiver:
        job = queue(services, callback=receiver.url)
        services.jobs.apply(job.id, CancelRequested())

        courier.run()

        (first, first_body), (second, second_body) = receiver.received
    assert (first["webhook-id"], first_body) == (second["webhook-id"], second_body)
    assert first["webhook-timestamp"] < second["webhook-timestamp"]
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.DELIVERED, 2, 200) == (delivery.state, delivery.attempts, delivery.last_status)


def test_a_delivery_whose_courier_died_is_sent_again(services, courier):
    with Receiver() as receiver:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        assert 1 == len(services.deliveries.take(hold=timedelta(milliseconds=50)))

        courier.run()

        assert 1 == len(receiver.received)


def test_two_couriers_send_a_callback_once(services, settings):
    with Receiver() as receiver:
        for _ in range(10):
            services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        couriers = [Thread(target=Courier(services, settings, Event()).run) for _ in range(4)]
        for courier in couriers:
            courier.start()
        for courier in couriers:
            courier.join()

        ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert (10, 10) == (len(ids), len(set(ids)))


def test_only_the_wanted_events_are_told(services, courier):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url, events=("video.expired",))
        other = queue(services, callback=receiver.url, events=("video.completed",))
        services.jobs.apply(job.id, Expired())
        services.jobs.apply(other.id, Expired())

        courier.run()

        assert [job.id] == [json.loads(body)["data"]["id"] for _, body in receiver.received]


def test_the_end_of_a_deleted_job_is_told_without_its_prompt(services, courier):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url)
        services.jobs.apply(job.id, CancelRequested())
        services.jobs.discard(job.id)
        services.jobs.forget(job.id)

        courier.run()

        [(_, body)] = receiver.received
    assert {"id": job.id, "object": "video"} == json.loads(body)["data"]


def test_an_event_wakes_notify_and_is_answered_with_nothing(services, settings):
    with Receiver() as receiver:
        job = queue(services, callback=receiver.url)
        services.announce(services.jobs.apply(job.id, CancelRequested()))
        headers, body = wire.to_http(services.publisher.events[-1])

        answer = create_app(settings, services).test_client().post("/", headers=headers, data=body)

        assert (200, b"", 1) == (answer.status_code, answer.data, len(receiver.received))


def test_what_is_no_event_is_answered_with_400(services, settings):
    answer = create_app(settings, services).test_client().post("/", json={"hello": 1})

    assert 400 == answer.status_code


def test_without_a_secret_notify_does_not_start(services):
    with pytest.raises(BadSetting, match="WEBHOOK_SECRET"):
        create_app(Settings.from_env({}), services)


@contextmanager
def running(*calls):
    """Each call in a thread of its own, and over at the end."""
    threads = [Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()


def test_receivers_that_never_answer_hold_up_nobody(services, courier):
    let_go = Event()

    def silent(visit):
        visit.request()
        let_go.wait(20)
        visit.answer("204 No Content")

    with Receiver() as receiver, peer(silent) as slow, running() as threads:
        for _ in range(6):
            services.jobs.apply(queue(services, callback=slow.url).id, CancelRequested())
        jobs = [services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested()) for _ in range(30)]
        thread = Thread(target=courier.run)
        threads.append(thread)
        thread.start()
        told = receiver.wait(30)
        assert PLACES == slow.visits
        let_go.set()
        thread.join(30)

        assert {job.id for job in jobs} == {headers["ce-subject"] for headers, _ in told}
        assert 6 == slow.visits


def test_who_waits_for_a_retry_hears_of_what_is_due_meanwhile(services, courier):
    with Receiver(500, 200) as receiver, running() as threads:
        first = services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        threads += [Thread(target=courier.run), Thread(target=courier.run)]
        threads[0].start()
        receiver.wait(1)
        second = services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        threads[1].start()
        receiver.wait(2)
        courier.run()  # one works and one waits: a third has nothing to add
        told = receiver.wait(3)

        assert [first.id, second.id, first.id] == [headers["ce-subject"] for headers, _ in told]


def test_a_courier_stops_when_its_process_is_told_to(services, settings):
    drain = Event()
    with Receiver(500) as receiver:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        with running(Courier(services, settings, drain).run):
            receiver.wait(1)
            drain.set()
        assert 1 == len(receiver.received)


def test_a_bug_in_one_callback_is_told_and_keeps_no_other(services, settings):
    class Broken:
        def __init__(self, plain, wrong):
            self._plain, self._wrong = plain, wrong

        def post(self, url, headers, body):
            if url == self._wrong:
                raise ZeroDivisionError
            return self._plain.post(url, headers, body)

    with Receiver() as receiver, Receiver() as other:
        services.jobs.apply(queue(services, callback=receiver.url).id, CancelRequested())
        services.jobs.apply(queue(services, callback=other.url).id, CancelRequested())
        broken = replace(services, webhooks=Broken(services.webhooks, receiver.url))

        with pytest.raises(ZeroDivisionError):
            Courier(broken, settings, Event()).run()

        assert [0, 1] == [len(each.received) for each in (receiver, other)]

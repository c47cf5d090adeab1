"""Where Brokers differ: knative.md of the facts, 3.1 and 3.2, on a running platform of each class."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from local.objects import BrokerClass
from local.passage import Passage
from tests.local.stand import EVENT, Running, platform, service, to, trigger, until

WIDE = {"container_concurrency": 8, "target": 8.0, "max_scale": 1, "min_scale": 1}


@pytest.fixture(scope="module")
def each(tmp_path_factory):
    """One running platform of each class, made when it is asked for."""
    started: dict[BrokerClass, Running] = {}

    def of(kind):
        if kind not in started:
            triggers = [
                trigger(dead_letter=to("door", "/dead-letters")),
                replace(trigger("worker", "ordered"), name="ordered", ordered=True),
                replace(trigger("worker", "three"), name="three", parallelism=3),
            ]
            running = Running(tmp_path_factory.mktemp(kind), platform(service(**WIDE), triggers=triggers, kind=kind))
            started[kind] = running.start()
            until(lambda: [i for i in running.instances() if i["state"] == "Ready"])
        return started[kind]

    yield of
    for running in started.values():
        assert 0 == running.stop()
        assert [] == running.left


def tries(running, number, service="worker", what="start"):
    return [n for n in running.notes(what, service) if n["headers"].get("ce-id") == f"event-{number}"]


def test_kafka_sends_an_event_that_was_answered_with_a_body_to_the_dead_letters_at_once(each):
    running = each(BrokerClass.KAFKA)
    running.send("body", body="{}")
    until(lambda: tries(running, "body", "door"))
    assert 1 == len(tries(running, "body"))


def test_rabbitmq_does_not_look_at_the_body_and_takes_a_refusal_for_done(each):
    running = each(BrokerClass.RABBITMQ)
    running.send("body", body="{}")
    running.send("refused", status=422)
    until(lambda: running.said("answered 422, which RabbitMQ's Broker takes for done"))
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0)
    assert (1, 1, []) == (len(tries(running, "body")), len(tries(running, "refused")), running.notes(service="door"))


def test_rabbitmq_delivers_one_at_a_time_unless_told_otherwise(each):
    running = each(BrokerClass.RABBITMQ)
    for number in range(3):
        running.send(f"one-{number}", hold=0.3)
        running.send(f"three-{number}", "three", hold=0.3)
    until(
        lambda: all(
            tries(running, f"one-{n}", what="end") and tries(running, f"three-{n}", what="end") for n in range(3)
        )
    )
    assert (1, 3) == (at_once(running, "one-"), at_once(running, "three-"))


def test_kafka_in_order_waits_for_each_event_to_end_with_its_retries(each):
    running = each(BrokerClass.KAFKA)
    running.send("first", "ordered", status=503, then=[{}])
    running.send("second", "ordered")
    until(lambda: tries(running, "second"))
    assert 2 == len(tries(running, "first"))
    assert tries(running, "first")[1]["at"] < tries(running, "second")[0]["at"]


def test_kafka_out_of_order_lets_others_pass_one_that_is_retried(each):
    running = each(BrokerClass.KAFKA)
    running.send("stuck", status=503, then=[{"status": 503}, {}])
    running.send("passing")
    until(lambda: tries(running, "stuck")[2:])
    assert tries(running, "passing")[0]["at"] < tries(running, "stuck")[1]["at"]


def at_once(running, prefix):
    """The most events of that name that were held at a time."""
    mine = [n for n in running.notes() + running.notes("end") if n["headers"]["ce-id"].startswith(f"event-{prefix}")]
    held = most = 0
    for note in sorted(mine, key=lambda n: n["at"]):
        held += 1 if note["what"] == "start" else -1
        most = max(most, held)
    return most


def test_kafka_delivers_again_after_a_restart_what_was_done_after_the_oldest_unfinished(run):
    running = run(platform(service(**WIDE), triggers=[trigger()], kind=BrokerClass.KAFKA))
    running.send("long", hold=30, then=[{}])
    until(lambda: tries(running, "long"))
    running.send("done")
    until(lambda: tries(running, "done", what="end"))
    os.kill(running.process.pid, signal.SIGKILL)
    running.wait()
    until(lambda: not running.left, seconds=5)
    running.start()
    until(lambda: tries(running, "long")[1:] and tries(running, "done")[1:])
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0)


def test_a_synchronous_broker_answers_its_producer_when_every_subscriber_is_done(each):
    running = each(BrokerClass.IN_MEMORY)
    at = time.monotonic()
    assert 202 == running.send("slow", status=503, hold=0.5, then=[{"hold": 0.5}])
    assert 1.2 <= time.monotonic() - at
    assert 2 == len(tries(running, "slow", what="end"))


def test_the_same_broker_with_the_async_handler_answers_at_once(each):
    running = each(BrokerClass.MT_CHANNEL)
    at = time.monotonic()
    assert 202 == running.send("slow", hold=2)
    assert time.monotonic() - at < 1
    assert [] == tries(running, "slow", what="end")


def test_a_producer_who_leaves_a_synchronous_broker_takes_the_delivery_with_it(each):
    """The function goes on and knows nothing of it; nobody delivers the event again."""
    running = each(BrokerClass.IN_MEMORY)
    connection = http.client.HTTPConnection("127.0.0.1", running.port + 1, timeout=10)
    headers = {**EVENT, "Ce-Id": "event-left", "Ce-Type": "work"}
    connection.request("POST", "/flipbook/default", json.dumps({"hold": 1, "status": 503}), headers)
    until(lambda: tries(running, "left"))
    connection.close()
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0, seconds=2)
    until(lambda: tries(running, "left", what="end"))
    assert 1 == len(tries(running, "left"))


def test_a_synchronous_broker_refuses_an_event_that_a_subscriber_lost(run):
    running = run(platform(service(**WIDE), triggers=[trigger(retry=0)], kind=BrokerClass.IN_MEMORY))
    assert 503 == running.send(status=500)


def test_six_events_held_by_two_instances_keep_their_producers_waiting_in_turn(run):
    """Measured: 21, 24, 41, 44, 61 and 64 s for six events held 20 s each."""
    running = run(platform(service(min_scale=2), triggers=[trigger()], kind=BrokerClass.IN_MEMORY))
    until(lambda: [i["state"] for i in running.instances()] == ["Ready", "Ready"])
    at, waits = time.monotonic(), []
    producers = [
        threading.Thread(target=lambda n=number: (running.send(n, hold=1), waits.append(time.monotonic() - at)))
        for number in range(6)
    ]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    assert [1, 1, 2, 2, 3, 3] == pytest.approx(sorted(waits), abs=0.9)


@pytest.mark.parametrize("kind", BrokerClass)
def test_retries_timeouts_and_codes_are_the_same_for_every_class(each, kind):
    running = each(kind)
    running.send("tried", status=429, then=[{"status": 500}, {}])
    until(lambda: tries(running, "tried")[2:])
    assert 3 == len(tries(running, "tried"))


def test_kafkas_default_timeout_is_ten_minutes_and_others_wait_for_ever():
    spec = replace(trigger(), delivery=replace(trigger().delivery, timeout=None))
    found = [Passage(spec, kind, None, reply=None, clock=None)._timeout for kind in BrokerClass]
    assert [None, None, timedelta(seconds=600), None] == found

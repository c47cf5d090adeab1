"""What was measured on a real Knative (Serving 1.23, Eventing 1.22), played here; `facts.py` says which is which."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from multidict import CIMultiDict

from local import activator
from local.activator import Activator, Endpoint
from local.revision import Refusal, Request, Revision
from tests.local.stand import Running, platform, service, to, trigger, until

WIDE = {"container_concurrency": 8, "target": 8.0, "max_scale": 1}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A Service for each measurement, most of which start when their event comes."""
    services = [
        service(**WIDE),
        service("sink", **WIDE),
        service("hurried", timeout=timedelta(seconds=1.5), max_scale=1),
        service("pair", timeout=timedelta(seconds=3), min_scale=2),
        service("seventy", target=0.7),
        service("silent", response_start_timeout=timedelta(seconds=1), max_scale=1),
    ]
    triggers = [
        replace(trigger(type_="sunk", retry=1, dead_letter=to("sink")), name="sunk"),
        *(trigger(name, name) for name in ("worker", "hurried", "pair", "seventy", "silent")),
    ]
    started = Running(tmp_path_factory.mktemp("measured"), platform(*services, triggers=triggers)).start()
    yield started
    assert 0 == started.stop()
    assert [] == started.left


def tries(running, number, service="worker", what="start"):
    return [n for n in running.notes(what, service) if n["headers"].get("ce-id") == f"event-{number}"]


def test_retry_after_is_not_heeded(running):
    """The flag delivery-retryafter is alpha, and off."""
    running.send("later", "worker", status=503, headers={"Retry-After": "60"}, then=[{}])
    first, second = until(lambda: (found := tries(running, "later"))[1:] and found)
    assert 0.2 == pytest.approx(second["at"] - first["at"], abs=0.5)


@pytest.mark.parametrize("status", [500, 429])
def test_a_dead_letter_sink_that_refuses_is_tried_again_and_then_the_event_is_lost(running, status):
    number = f"sunk-{status}"
    running.send(number, "sunk", status=status)
    until(lambda: running.said(f"LOST after answer {status}: event-{number}"))
    assert (2, 2) == (len(tries(running, number)), len(tries(running, number, "sink")))


def test_after_504_the_retries_meet_the_busy_function_and_the_event_is_gone(running):
    """The function went on for longer than the ladder is high, and answered 429 meanwhile."""
    running.send("long", "hurried", hold=5, then=[{"status": 429}])
    until(lambda: running.said("LOST after answer 429: event-long"))
    assert running.said("hurried for hurried answered 504")
    assert 4 == len(tries(running, "long", "hurried"))
    assert 3 == len(tries(running, "long", "hurried", "end"))
    until(lambda: len(tries(running, "long", "hurried", "end")) == 4)


def test_an_event_that_waited_behind_two_busy_ones_runs_on_both_at_once(running):
    """Its clock began when it arrived, so its time was over soon after its turn had come."""
    until(lambda: [i["state"] for i in running.instances("pair")] == ["Ready", "Ready"])
    running.send("one", "pair", hold=2.4)
    until(lambda: tries(running, "one", "pair"))
    running.send("two", "pair", hold=1.8)
    running.send("three", "pair", hold=2.2, then=[{}])
    first, second = until(lambda: (found := tries(running, "three", "pair"))[1:] and found)[:2]
    ended = until(lambda: tries(running, "three", "pair", "end")[1:]) and tries(running, "three", "pair", "end")
    assert first["pid"] != second["pid"]
    assert second["at"] < max(note["at"] for note in ended if note["pid"] == first["pid"])


def test_at_the_default_of_seventy_per_cent_one_request_makes_two_instances(running):
    running.send("one", "seventy", hold=4)
    until(lambda: len(running.instances("seventy")) == 2)
    until(lambda: running.notes(service="seventy"))
    assert 1 == running.status()["services"]["seventy"]["requests"]


def test_a_request_that_says_nothing_in_time_is_504_though_its_timeout_is_longer(running):
    running.send("quiet", "silent", hold=2, then=[{}])
    until(lambda: running.said("silent for silent answered 504"))


def test_the_first_event_wakes_a_service_from_zero(running):
    assert 202 == running.send("awake", "worker")
    until(lambda: tries(running, "awake", what="end"))


def test_a_queue_that_is_full_is_503_at_once():
    async def story():
        desk = Activator(1, clock=lambda: 0.0)
        desk.add(Endpoint("http://nobody"))
        desk._endpoints[0].in_flight = 1
        desk._queue.extend(asyncio.get_running_loop().create_future() for _ in range(activator.QUEUE_DEPTH))
        revision = Revision(service(), desk, session=None)
        with pytest.raises(Refusal) as refused:
            async with revision.exchange(Request(method="POST", target="/", headers=CIMultiDict())):
                pass
        return refused.value.status, refused.value.text

    assert (503, "pending request queue full") == asyncio.run(story())


def test_whoever_waits_past_the_timeout_is_504_without_having_been_served():
    held = replace(service(), timeout=timedelta(seconds=0.3))

    async def story():
        with pytest.raises(Refusal) as refused:
            async with Revision(held, Activator(1, clock=lambda: 0.0), session=None).exchange(
                Request(method="POST", target="/", headers=CIMultiDict())
            ):
                pass
        return refused.value.status, refused.value.text

    assert (504, "activator request timeout") == asyncio.run(story())

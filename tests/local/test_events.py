"""Events on their way through a running platform, and what may happen to them there."""

from __future__ import annotations

import base64
import itertools
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.local.stand import Running, platform, service, to, trigger, until

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """`worker` takes one request at a time and has one instance; its dead letters go to `door`."""
    triggers = [
        trigger(dead_letter=to("door", "/dead-letters")),
        replace(trigger("worker", "slow", timeout=timedelta(seconds=0.5), retry=1), name="slow"),
        trigger("door", "answered"),
    ]
    worker = service(container_concurrency=4, target=4.0, max_scale=1, min_scale=1)
    started = Running(tmp_path_factory.mktemp("events"), platform(worker, triggers=triggers)).start()
    until(lambda: [i for i in started.instances() if i["state"] == "Ready"])
    yield started
    assert 0 == started.stop()
    assert [] == started.left


def tries(running, number, service="worker"):
    return [n for n in running.notes(service=service) if n["headers"].get("ce-id") == f"event-{number}"]


def waits(notes):
    return [round(later["at"] - earlier["at"], 1) for earlier, later in itertools.pairwise(notes)]


def test_a_retriable_answer_is_retried_after_waits_that_double(running):
    number = next(numbers)
    running.send(number, status=503, then=[{"status": 429}, {"status": 500}, {}])
    notes = until(lambda: (found := tries(running, number))[3:] and found)
    assert [0.2, 0.4, 0.8] == pytest.approx(waits(notes), abs=0.15)


def test_a_filled_body_that_is_no_event_counts_as_failed(running):
    number = next(numbers)
    running.send(number, body="{}", then=[{}])
    assert until(lambda: tries(running, number)[1:])


def test_used_up_retries_end_at_the_dead_letter_sink(running):
    number = next(numbers)
    running.send(number, status=500, body="broken")
    letter = until(lambda: tries(running, number, "door"))[0]
    assert 4 == len(tries(running, number))
    assert "/dead-letters" == letter["path"]
    assert {
        "ce-knativeerrorcode": "500",
        "ce-knativeerrordest": "http://worker.flipbook.svc.cluster.local",
        "ce-knativeerrordata": base64.b64encode(b"broken").decode(),
        "ce-knativebrokerttl": "255",
    }.items() <= letter["headers"].items()
    assert "prefer" not in letter["headers"]


def test_a_refusal_goes_to_the_dead_letter_sink_at_once(running):
    number = next(numbers)
    running.send(number, status=422)
    letter = until(lambda: tries(running, number, "door"))[0]
    assert (1, "422", "") == (
        len(tries(running, number)),
        letter["headers"]["ce-knativeerrorcode"],
        letter["headers"]["ce-knativeerrordata"],
    )


def test_an_event_in_the_answer_comes_back_through_the_broker(running):
    reply = {"Ce-Id": "reply", "Ce-Source": "/worker", "Ce-Type": "answered", "Ce-Specversion": "1.0"}
    running.send(next(numbers), headers=reply)
    note = until(lambda: [n for n in running.notes(service="door") if n["headers"].get("ce-id") == "reply"])[0]
    assert "answered" == note["headers"]["ce-type"]


def test_a_delivery_that_takes_too_long_is_retried_while_the_function_goes_on(running):
    number = next(numbers)
    running.send(number, "slow", hold=1.5, then=[{}])
    first, second = until(lambda: (found := tries(running, number))[1:] and found)[:2]
    assert 0.7 == pytest.approx(second["at"] - first["at"], abs=0.3)
    until(lambda: [n for n in running.notes("end") if n["headers"]["ce-id"] == f"event-{number}"][1:])


def test_an_event_without_a_trigger_is_accepted_and_forgotten(running):
    assert 202 == running.send(next(numbers), "unheard-of")
    until(lambda: running.status()["brokers"]["flipbook/default"]["events"] == 0)


def test_finished_events_are_dropped_and_unfinished_kept(running):
    number = next(numbers)
    until(lambda: running.status()["brokers"]["flipbook/default"]["events"] == 0)
    running.send(number, hold=2)
    for _ in range(5):
        running.send(next(numbers))
    until(
        lambda: len(running.notes("end")) and running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 1
    )
    assert 1 <= running.status()["brokers"]["flipbook/default"]["events"]
    until(lambda: running.status()["brokers"]["flipbook/default"]["events"] == 0)


def test_a_worker_killed_in_mid_request_gets_its_event_again(running):
    number = next(numbers)
    running.send(number, hold=1, then=[{}])
    os.kill(until(lambda: tries(running, number))[0]["pid"], signal.SIGKILL)
    until(lambda: tries(running, number)[1:])


def test_a_server_killed_in_mid_request_is_replaced_and_its_event_comes_again(running):
    number = next(numbers)
    before = running.instances()[0]
    running.send(number, hold=20, then=[{}])
    until(lambda: tries(running, number))
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: tries(running, number)[1:])
    assert before["name"] != running.instances()[0]["name"]


def test_while_redis_is_away_events_are_refused_and_afterwards_all_goes_on(running):
    number = next(numbers)
    running.send(number, hold=1.0, status=500, then=[{}])
    until(lambda: tries(running, number))
    pid = redis_of(running)
    os.kill(pid, signal.SIGSTOP)
    refused = threading.Thread(target=lambda: answers.append(running.send(next(numbers))))
    answers = []
    refused.start()
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    refused.join()
    assert [503] == answers
    last = next(numbers)
    until(lambda: running.send(last) == 202)
    until(lambda: tries(running, number)[1:] and tries(running, last))


def redis_of(running):
    names = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in running.left}
    return next(pid for pid, name in names.items() if "valkey-server" in name)


def test_events_survive_a_runtime_that_is_killed_and_so_does_their_place_on_the_ladder(run):
    """One is between its second and third try, one is in mid-delivery, one waits for the instance."""
    running = run(platform(service(max_scale=1), triggers=[trigger(retry=5, backoff=timedelta(seconds=1))]))
    running.send(1, status=503, then=[{"status": 503}, {}])
    until(lambda: running.said("try 3 in 2 s"))
    second_at = tries(running, 1)[1]["at"]
    running.send(2, hold=30, then=[{}])
    until(lambda: tries(running, 2))
    running.send(3)
    os.kill(running.process.pid, signal.SIGKILL)
    running.wait()
    until(lambda: not running.left, seconds=5)
    killed_at = time.time()
    running.start()
    until(lambda: tries(running, 1)[2:] and tries(running, 2)[1:] and tries(running, 3))
    assert tries(running, 3)[0]["at"] > killed_at
    assert tries(running, 1)[2]["at"] - second_at > 2
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0)
    assert (3, 2, 1) == tuple(len(tries(running, number)) for number in (1, 2, 3))

"""Instances come and go with the requests, on real processes."""

from __future__ import annotations

import re
import subprocess
import time
from datetime import timedelta

from tests.local.stand import call, platform, service, trigger, until


def most_at_once(running):
    """The most requests that one process held at a time, and how many processes there were."""
    changes = [(n["at"], n["pid"], 1) for n in running.notes()] + [
        (n["at"], n["pid"], -1) for n in running.notes("end")
    ]
    held, most = {}, 0
    for _, pid, by in sorted(changes):
        held[pid] = held.get(pid, 0) + by
        most = max(most, held[pid])
    return most, len(held)


def test_from_zero_to_one_and_back_to_zero(run):
    running = run(platform(service(), triggers=[trigger()]), STABLE_WINDOW_SECONDS="1")
    assert [] == running.instances()
    running.send()
    until(lambda: running.notes("end"))
    assert running.said("worker     0 -> 1 (waiting requests: 1)")
    until(lambda: running.said("worker     1 -> 0 (no request for 1 s)"))
    until(lambda: running.instances() == [])
    running.send(2)
    until(lambda: running.notes("end")[1:])


def test_two_instances_never_hold_more_than_one_request_each(run):
    worker = service(gpus=1, max_scale=8)
    running = run(platform(worker, triggers=[trigger()]), ACCELERATORS="2")
    for number in range(8):
        running.send(number, hold=0.3)
    until(lambda: len(running.notes("end")) == 8)
    assert (1, 2) == most_at_once(running)
    assert running.said("Pending: every accelerator is taken (2 of 2)")


def test_a_request_that_waits_too_long_is_given_up_while_the_function_goes_on(run):
    """As on Knative: the place is free at 504, so the second request runs beside the first."""
    held = service("door", timeout=timedelta(seconds=1), max_scale=1)
    running = run(platform(held))
    call(f"{running.api}/hello")
    at = time.monotonic()
    answer = call(f"{running.api}/", method="POST", body=b'{"hold": 3}')
    assert (504, b"activator request timeout") == (answer.status, answer.body)
    assert time.monotonic() - at < 2.5
    assert 200 == call(f"{running.api}/hello").status
    assert 2 == len(running.notes("end", "door"))
    until(lambda: len(running.notes("end", "door")) == 3)


def test_an_instance_that_goes_lets_its_request_end(run):
    """Scaled down by a second platform's word: SIGTERM in mid-request."""
    running = run(platform(service(), triggers=[trigger()]))
    running.send(hold=2)
    until(running.notes)
    subprocess.run(["kill", "-TERM", str(running.instances()[0]["pid"])], check=True)
    until(lambda: running.notes("end"))
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0)
    assert 1 == len(running.notes())


def test_min_scale_keeps_one_without_any_request(run):
    running = run(platform(service(min_scale=1)), STABLE_WINDOW_SECONDS="1")
    first = until(lambda: [i for i in running.instances() if i["state"] == "Ready"])
    time.sleep(1.5)
    assert first == running.instances()
    assert running.said("worker     0 -> 1 (min-scale)")


def test_every_line_of_an_instance_bears_its_name(run):
    running = run(platform(service(min_scale=1)))
    lines = until(lambda: running.said("Booting worker"))
    assert re.match(r"\d\d:\d\d:\d\d worker-1   \| ", lines[0])

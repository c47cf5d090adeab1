"""What becomes of an instance that is not wanted any more: measured on Knative 1.23, played here."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.local.stand import platform, service, trigger, until


def patient(**fields):
    """Its server waits for what it holds, as those of the functions do."""
    found = service(**fields)
    return replace(found, command=[*found.command[:-1], "--graceful-timeout=60", found.command[-1]])


@pytest.fixture
def shrinking(run):
    """Two instances, of which the older is done and idle, and the younger holds a request when it must go."""

    def start(*, hold, **fields):
        running = run(
            platform(patient(min_scale=1, **fields), triggers=[trigger()]), STABLE_WINDOW_SECONDS="1", ACCELERATORS="2"
        )
        running.send("older", hold=4)
        until(running.notes)
        running.send("younger", hold=hold, then=[{}])
        until(lambda: [i["state"] for i in running.instances()] == ["Ready", "Stopping"])
        return running

    return start


def term(running):
    return running.said("Handling signal: term")


def test_from_two_to_one_the_busy_instance_goes_and_hears_sigterm_in_mid_request(shrinking):
    """Knative/serving#13075. It ends what it holds, the answer arrives, and the idle one lives on."""
    running = shrinking(hold=9)
    older, _ = running.instances()
    at = time.monotonic()
    assert not term(running)
    until(lambda: term(running))
    assert 0.5 < time.monotonic() - at
    assert 1 == len(running.notes("end"))
    until(lambda: running.instances() == [older])
    assert (2, 2) == (len(running.notes()), len(running.notes("end")))
    until(lambda: running.status()["brokers"]["flipbook/default"]["pending"]["worker"] == 0)


def test_an_idle_instance_drains_too_and_scales_to_zero_that_much_later(run):
    """The drain is a time without arrivals, and knows nothing of work."""
    running = run(platform(service(), triggers=[trigger()]), STABLE_WINDOW_SECONDS="1", DRAIN_SECONDS="2")
    running.send()
    until(lambda: [i["state"] for i in running.instances()] == ["Stopping"])
    at = time.monotonic()
    until(lambda: running.instances() == [])
    assert 1.5 < time.monotonic() - at < 5


def test_one_that_will_not_end_is_killed_a_timeout_after_its_deletion(shrinking):
    running = shrinking(hold=60, timeout=timedelta(seconds=6))
    at = time.monotonic()
    until(lambda: "Stopping" not in [i["state"] for i in running.instances()])
    assert 6 == pytest.approx(time.monotonic() - at, abs=1)


def test_while_it_drains_it_holds_its_gpu_and_the_next_instance_is_pending(shrinking):
    running = shrinking(hold=9, gpus=1)
    running.send("next", hold=3)
    running.send("last", hold=1)
    until(lambda: [i["state"] for i in running.instances()] == ["Ready", "Stopping", "Pending"])
    until(lambda: running.said("Pending: every accelerator is taken (2 of 2)"))
    until(lambda: len(running.notes("end")) == 4)


def late(seconds, **fields):
    """Ready that long after its start. Whoever wakes it waits for a second."""
    return service(readiness_path="/late", env={"FAKE_LATE": str(seconds)}, timeout=timedelta(seconds=1), **fields)


def test_what_wakes_is_let_wake_though_those_who_woke_it_have_given_up(run):
    """Weights may take longer to load than a request may wait: the next bell finds a GPU that is ready."""
    running = run(platform(late(5), triggers=[trigger(retry=0)]), STABLE_WINDOW_SECONDS="1")
    running.send("first")
    until(lambda: running.said("LOST after answer 504: event-first"))
    until(lambda: [i["state"] for i in running.instances()] == ["Ready"])
    running.send("second")
    until(lambda: running.notes("end"))
    assert not running.said("worker-2")
    assert ["event-second"] == [note["headers"]["ce-id"] for note in running.notes()]
    until(lambda: running.instances() == [])


def test_one_that_is_not_ready_by_its_progress_deadline_goes(run):
    running = run(
        platform(late(60, activation=timedelta(seconds=4)), triggers=[trigger(retry=0)]), STABLE_WINDOW_SECONDS="1"
    )
    running.send()
    until(lambda: running.said("1 -> 0 (not ready within 4 s)"))
    until(lambda: running.instances() == [])
    assert running.said("LOST after answer 504")

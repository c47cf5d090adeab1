"""How long an attempt goes on: its time, SIGTERM, and who waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from functions.generate.patience import Patience
from functions.generate.slice import Slice
from shared.core.overtaking import TURN
from tests.engines.instant import InstantDrawing
from tests.functions.outage import Outage
from tests.stores import REQUEST, Clock, memory_stores

LONG = replace(REQUEST, model="mochi-1-preview", width=848, height=480, num_frames=163, num_inference_steps=100)
SHORT = replace(LONG, num_frames=31, num_inference_steps=10)
END = 540.0


class Hours:
    """A monotonic clock and a store's clock that go together, only when they are told."""

    def __init__(self):
        self.clock = Clock()
        self.seconds = 0.0

    def __call__(self):
        return self.seconds

    def forward(self, seconds):
        self.seconds += seconds
        self.clock.forward(timedelta(seconds=seconds))


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def stores(hours):
    return memory_stores(hours.clock)


@pytest.fixture
def drain():
    return Event()


@pytest.fixture
def begin(stores, hours, drain):
    """A long job that was claimed now, its slice and its drawing."""

    def begin(jobs=None):
        stores.add(request=LONG)
        job, _ = stores.claim()
        slice_ = Slice(jobs or stores.jobs, job, drain=drain, end=hours() + END, patience=Patience(), clock=hours)
        return slice_, InstantDrawing(LONG)

    return begin


def steps(slice_, drawing, hours, seconds=1.0):
    """Draw until the slice is over; how many steps that were."""
    first = drawing.step
    while not slice_.is_over(drawing) and drawing.step < drawing.total_steps:
        drawing.advance()
        hours.forward(seconds)
    return drawing.step - first


def test_no_step_is_begun_behind_its_end(begin, hours):
    assert 6 == steps(*begin(), hours, seconds=100)


def test_a_slice_that_is_over_before_it_begins_still_gains_a_step(begin, hours):
    slice_, drawing = begin()
    hours.forward(2 * END)
    assert 1 == steps(slice_, drawing, hours)


def test_sigterm_ends_it_at_once(begin, hours, drain):
    slice_, drawing = begin()
    drain.set()
    assert 0 == steps(slice_, drawing, hours)


def test_a_short_job_that_waits_gets_its_turn_after_a_minute(begin, hours, stores):
    slice_, drawing = begin()
    stores.add(request=SHORT)
    assert TURN.total_seconds() <= steps(slice_, drawing, hours) <= TURN.total_seconds() + 6


def test_a_short_job_that_comes_later_waits_for_a_minute(begin, hours, stores):
    slice_, drawing = begin()
    for _ in range(20):
        assert not slice_.is_over(drawing)
        drawing.advance()
        hours.forward(1)
    stores.add(request=SHORT)
    assert 60 <= steps(slice_, drawing, hours) <= 66


def test_nobody_makes_room_for_a_job_of_the_same_length(begin, hours, stores):
    slice_, drawing = begin()
    stores.add(request=LONG)
    assert 100 == steps(slice_, drawing, hours)


def test_nobody_makes_room_while_the_queue_is_held(begin, hours, stores):
    slice_, drawing = begin()
    stores.add(request=SHORT)
    stores.queue.pause("a test")
    assert 100 == steps(slice_, drawing, hours)


def test_the_store_is_asked_seldom_and_more_seldom_while_it_is_away(begin, hours, stores):
    present, away = Outage(stores.jobs, "waiting", times=0), Outage(stores.jobs, "waiting")
    for jobs, most in ((present, 90), (away, 8)):
        slice_, drawing = begin(jobs)
        assert 100 == steps(slice_, drawing, hours, seconds=5)
        assert 1 < jobs.tries <= most


def test_the_first_in_line_may_be_gone_when_he_is_looked_at(begin, hours, stores):
    class Fleeting(Outage):
        def _fail(self, passed_on):
            return lambda limit: ["video_gone"]

    assert 100 == steps(*begin(Fleeting(stores.jobs, "waiting")), hours)

"""Which job waited for a process to start, and how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.generate.awakening import Awakening
from shared.core.timings import Timings
from tests.unit.core.samples import IN_STATE, JobState
from tests.unit.generate.test_stopwatch import Hand

RUNNING = IN_STATE[JobState.RUNNING]
WARM = Timings(cold_start_s=0.0, load_s=0.0)


def waited(seconds: float, **changes):
    return replace(RUNNING, queued_at=RUNNING.changed_at - timedelta(seconds=seconds), **changes)


@pytest.mark.parametrize(
    ("ready_for", "expected"),
    [
        (0, Timings(cold_start_s=40.0, load_s=25.0)),
        (1, Timings(cold_start_s=39.0, load_s=25.0)),
        (25, Timings(cold_start_s=15.0, load_s=15.0)),  # it came while the model was being loaded
        (40, WARM),
        (3600, WARM),
    ],
)
def test_the_first_job_waited_until_the_process_was_ready(ready_for, expected):
    hand = Hand()
    awakening = Awakening(25.0, hand)
    hand.now += ready_for

    assert expected == awakening.felt_by(waited(40))


def test_the_next_job_found_it_awake_however_long_it_waited():
    awakening = Awakening(25.0, Hand())
    awakening.felt_by(waited(40))

    assert WARM == awakening.felt_by(waited(400))


def test_of_a_job_that_was_claimed_before_nobody_can_tell():
    awakening = Awakening(25.0, Hand())

    assert Timings() == awakening.felt_by(waited(40, attempts=2))
    assert WARM == awakening.felt_by(waited(400)), "the one before was the first"

"""Who gives up the GPU to whom, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.job import Job
from shared.core.overtaking import NEARLY_DONE, PATIENCE, TURN, makes_room
from shared.core.priority import Priority
from shared.core.terms import Terms
from tests.stores import REQUEST, START, new_job

LONG = replace(REQUEST, model="mochi-1-preview", width=848, height=480, num_frames=163, num_inference_steps=64)
SHORT = replace(LONG, num_frames=31)
LATER = START + timedelta(minutes=5)


def job(request=LONG, priority=Priority.NORMAL, **changes) -> Job:
    return new_job(START, request=request, terms=Terms(priority=priority), **changes)


def test_a_short_job_that_has_waited_gets_the_gpu_of_a_long_one():
    assert makes_room(job(), 0.9, job(SHORT), LATER)


def test_one_of_a_length_does_not():
    assert not makes_room(job(), 1.0, job(), LATER)
    assert not makes_room(job(SHORT), 1.0, job(SHORT), LATER)


def test_a_long_one_never_gets_that_of_a_short_one():
    assert not makes_room(job(SHORT), 1.0, job(), LATER)


def test_what_counts_is_what_is_left():
    half = replace(LONG, num_inference_steps=30)
    assert makes_room(job(), 1.0, job(half), LATER)
    assert not makes_room(job(), 0.5, job(half), LATER)


@pytest.mark.parametrize(("drawn", "first"), [("low", "normal"), ("low", "high"), ("normal", "high")])
def test_a_more_urgent_one_gets_it_whatever_its_length_and_never_the_other_way_round(drawn, first):
    drawn, first = Priority(drawn), Priority(first)
    assert makes_room(job(SHORT, drawn), 0.9, job(LONG, first), LATER)
    assert not makes_room(job(LONG, first), 0.9, job(SHORT, drawn), LATER)


def test_nobody_is_interrupted_at_once_nor_for_one_that_has_just_come():
    just = timedelta(microseconds=1)
    assert makes_room(job(changed_at=LATER - TURN), 0.9, job(SHORT), LATER)
    assert not makes_room(job(changed_at=LATER - TURN + just), 0.9, job(SHORT), LATER)
    assert makes_room(job(), 0.9, job(SHORT, queued_at=LATER - PATIENCE), LATER)
    assert not makes_room(job(), 0.9, job(SHORT, queued_at=LATER - PATIENCE + just), LATER)


def test_who_is_nearly_done_finishes():
    assert not makes_room(job(), NEARLY_DONE, job(SHORT, Priority.HIGH), LATER)


requests = st.builds(
    lambda frames, steps, side: replace(LONG, num_frames=6 * frames + 1, num_inference_steps=steps, width=16 * side),
    st.integers(1, 27),
    st.integers(2, 100),
    st.integers(4, 53),
)


jobs = st.builds(job, requests, st.sampled_from(Priority))
shares = st.floats(0, 1)


@given(jobs, jobs, shares, shares)
def test_two_jobs_never_take_the_gpu_from_each_other_in_turns(first, second, left, its_left):
    """Or they would spend their time on stopping and starting. What is left never grows."""
    there = makes_room(first, left, second, LATER)
    back = makes_room(second, its_left, first, LATER)
    assert not (there and back)

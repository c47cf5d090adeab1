"""What every store must write together with a job, for each state it can be in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core import delivery, effects, events, schedule
from shared.core.effects import Index
from shared.core.job import JobState
from shared.core.terms import Terms
from tests.unit.core.samples import AFTER_LOSS, AFTER_YIELD, IN_STATE, NOON, QUEUED, SECOND

WEEK = timedelta(days=7)
NOWHERE = Index(listed=True, waits_since=None, turn=None, expiry=None, deadline=None, holder=None, removal=None)

INDEX = {
    JobState.QUEUED: replace(NOWHERE, waits_since=NOON, turn=schedule.turn(QUEUED), expiry=NOON + timedelta(days=1)),
    JobState.RUNNING: replace(NOWHERE, holder="a"),
    JobState.CANCELLING: replace(NOWHERE, holder="a"),
    JobState.COMPLETED: replace(NOWHERE, removal=NOON + 2 * SECOND + WEEK),
    JobState.FAILED: replace(NOWHERE, removal=NOON + 2 * SECOND + WEEK),
    JobState.CANCELLED: replace(NOWHERE, removal=NOON + 3 * SECOND + WEEK),
    JobState.EXPIRED: replace(NOWHERE, removal=NOON + SECOND + WEEK),
}


@pytest.mark.parametrize("state", JobState)
def test_a_job_is_found_where_its_state_says(state):
    assert INDEX[state] == effects.index(IN_STATE[state], WEEK)


@pytest.mark.parametrize("job", IN_STATE.values(), ids=IN_STATE)
def test_a_job_is_waited_for_held_or_over_and_never_two_of_these(job):
    index = effects.index(job, WEEK)

    assert 1 == sum(place is not None for place in (index.waits_since, index.holder, index.removal))


@pytest.mark.parametrize("state", JobState)
def test_a_job_with_a_deadline_is_found_by_it_until_it_is_over_or_being_cancelled(state):
    job = replace(IN_STATE[state], terms=Terms(timeout=9 * SECOND))

    waits = state in (JobState.QUEUED, JobState.RUNNING)
    assert (NOON + 9 * SECOND if waits else None) == effects.index(job, WEEK).deadline


def test_a_job_that_was_claimed_once_no_longer_leaves_the_queue_by_time():
    assert NOWHERE == replace(effects.index(AFTER_LOSS, WEEK), waits_since=None, turn=None)
    assert NOWHERE == replace(effects.index(AFTER_YIELD, WEEK), waits_since=None, turn=None)


@pytest.mark.parametrize("state", JobState)
def test_a_discarded_job_is_not_listed_and_goes_as_soon_as_it_is_over(state):
    job = IN_STATE[state]
    index = effects.index(replace(job, discarded=True), WEEK)

    assert replace(INDEX[state], listed=False, removal=job.finished_at) == index


@pytest.mark.parametrize("job", [*IN_STATE.values(), AFTER_LOSS, AFTER_YIELD])
def test_the_rows_beside_a_job_are_its_event_and_its_callbacks(job):
    assert events.of(job) == effects.event(job)
    assert tuple(delivery.owed(job, ())) == effects.callbacks(job, ())


def test_a_new_job_owes_a_wake_up_and_no_callback():
    event = effects.event(QUEUED)

    assert event is not None
    assert (events.QUEUED, ()) == (event.type, effects.callbacks(QUEUED, ()))

"""Callbacks: who is owed one, when it is tried, what counts as received, when it is given up."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import delivery
from shared.core.delivery import JITTER, MAX_RETRY_AFTER, SCHEDULE, Delivery, DeliveryState, Reply
from shared.core.job import JobState, Webhook
from tests.unit.core.samples import IN_STATE, NOON, SECOND

ENDS = {
    JobState.COMPLETED: "video.completed",
    JobState.FAILED: "video.failed",
    JobState.CANCELLED: "video.cancelled",
    JobState.EXPIRED: "video.expired",
}
DOWN = Reply(status=500)


def owed(state: JobState = JobState.COMPLETED) -> Delivery:
    found = delivery.of(IN_STATE[state])
    assert found is not None
    return found


def tried(replies: list[Reply], *, chance: float = 0.0) -> Delivery:
    """The delivery after these replies, each try made at the moment it was due."""
    now = owed()
    for reply in replies:
        now = delivery.after(now, reply, now.due_at, chance=chance)
    return now


@pytest.mark.parametrize(("state", "event_type"), ENDS.items())
def test_the_end_of_a_job_owes_a_callback_at_once(state, event_type):
    job = IN_STATE[state]

    expected = Delivery(
        id=f"wd_01KDYQ3W00AAAAAAAAAAAAAAAA_{job.version}",
        job_id=job.id,
        tenant="default",
        event_id=f"evt_01KDYQ3W00AAAAAAAAAAAAAAAA_{job.version}",
        event_type=event_type,
        url="https://example.com/hook",
        created_at=job.changed_at,
        due_at=job.changed_at,
    )
    assert expected == owed(state)


@pytest.mark.parametrize("state", sorted(set(JobState) - set(ENDS)))
def test_a_job_that_goes_on_owes_none(state):
    assert None is delivery.of(IN_STATE[state])


@pytest.mark.parametrize("state", ENDS)
def test_a_job_without_a_webhook_owes_none(state):
    assert None is delivery.of(replace(IN_STATE[state], webhook=None))


@pytest.mark.parametrize("state", ENDS)
def test_only_the_events_that_were_asked_for_are_owed(state):
    job = replace(IN_STATE[state], webhook=Webhook("https://example.com/hook", ("video.failed", "video.expired")))

    assert (state in (JobState.FAILED, JobState.EXPIRED)) == (delivery.of(job) is not None)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success_and_the_end(status):
    after = tried([Reply(status=status)])

    assert (DeliveryState.DELIVERED, 1, status) == (after.state, after.attempts, after.last_status)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 304, 307, 400, 401, 404, 429, 500, 503, 599])
def test_any_other_status_is_tried_again(status):
    after = tried([Reply(status=status)])

    assert (DeliveryState.PENDING, 1, status) == (after.state, after.attempts, after.last_status)


def test_a_fault_without_a_status_is_tried_again_and_told():
    after = tried([Reply(status=500), Reply(error="timeout")])

    assert (DeliveryState.PENDING, 2, None, "timeout") == (
        after.state,
        after.attempts,
        after.last_status,
        after.last_error,
    )


def test_410_says_that_nobody_will_ever_listen():
    assert DeliveryState.ABANDONED is tried([Reply(status=410)]).state
    assert DeliveryState.ABANDONED is tried([DOWN, DOWN, Reply(status=410)]).state


def test_the_waits_are_those_of_standard_webhooks():
    due = [tried([DOWN] * tries).due_at for tries in range(10)]

    assert [
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    ] == [later - sooner for sooner, later in pairwise(due)]


def test_after_the_last_wait_it_is_tried_once_more_and_given_up():
    before_last, last = tried([DOWN] * 9), tried([DOWN] * 10)

    assert (DeliveryState.PENDING, 9) == (before_last.state, before_last.attempts)
    assert (DeliveryState.ABANDONED, 10) == (last.state, last.attempts)
    assert DeliveryState.DELIVERED is tried([DOWN] * 9 + [Reply(status=204)]).state


@given(tries=st.integers(0, len(SCHEDULE) - 1), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_stretched_by_chance_and_never_by_more_than_the_jitter(tries, chance):
    before = replace(owed(), attempts=tries)
    wait = delivery.after(before, DOWN, NOON, chance=chance).due_at - NOON

    assert SCHEDULE[tries] <= wait <= SCHEDULE[tries] * (1 + JITTER)


def test_chance_spreads_a_stampede_over_the_whole_of_the_jitter():
    soonest, latest = (tried([DOWN], chance=chance).due_at - owed().due_at for chance in (0.0, 1.0))

    assert (SECOND * 5, SECOND * 6) == (soonest, latest)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (timedelta(0), SCHEDULE[0]),
        (timedelta(seconds=-9), SCHEDULE[0]),
        (timedelta(seconds=4), SCHEDULE[0]),
        (timedelta(seconds=7), timedelta(seconds=7)),
        (MAX_RETRY_AFTER, timedelta(hours=1)),
        (timedelta(days=365), timedelta(hours=1)),
    ],
)
def test_retry_after_lengthens_a_wait_within_reason_and_never_shortens_it(asked, wait):
    after = tried([Reply(status=429, retry_after=asked)])

    assert wait == after.due_at - owed().due_at


def test_retry_after_does_not_shorten_a_long_wait():
    before = replace(owed(), attempts=8)

    after = delivery.after(before, Reply(status=503, retry_after=SECOND), NOON, chance=0)

    assert timedelta(hours=24) == after.due_at - NOON


def test_a_try_changes_nothing_of_what_was_promised():
    before = replace(owed(), body="{}")
    after = delivery.after(before, DOWN, NOON, chance=0)

    kept = {"due_at": NOON, "attempts": 0, "last_status": None, "last_error": None}
    assert replace(before, **kept) == replace(after, **kept)

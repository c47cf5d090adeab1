"""Callbacks: who is owed one, when it is tried, what counts as received, when it is given up."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import delivery, events
from shared.core.delivery import JITTER, MAX_RETRY_AFTER, SCHEDULE, Delivery, DeliveryState, Post, Reply
from shared.core.endpoint import Endpoint, EndpointState, SealedSecret
from shared.core.job import JobState, Webhook
from tests.unit.core.samples import IN_STATE, NOON, SECOND

ENDS = {
    JobState.COMPLETED: "video.completed",
    JobState.FAILED: "video.failed",
    JobState.CANCELLED: "video.cancelled",
    JobState.EXPIRED: "video.expired",
}
DOWN = Reply(status=500)
ENDPOINTS = [
    Endpoint(
        id=name,
        tenant="default",
        url=f"https://{name}.example.com/",
        event_types=types,
        secrets=(SealedSecret("k.x", hint="x"),),
        created_at=NOON,
        updated_at=NOON,
    )
    for name, types in (("we_A", ("video.completed", "video.expired")), ("we_B", ()), ("we_C", tuple(ENDS.values())))
]


def owed(state: JobState = JobState.COMPLETED) -> Delivery:
    [found] = delivery.owed(IN_STATE[state], ())
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
        extensions=events.of(job).extensions,
        url="https://example.com/hook",
        created_at=job.changed_at,
        due_at=job.changed_at,
    )
    assert expected == owed(state)


@pytest.mark.parametrize("state", sorted(set(JobState) - set(ENDS)))
def test_a_job_that_goes_on_owes_none(state):
    assert [] == list(delivery.owed(IN_STATE[state], ENDPOINTS))


@pytest.mark.parametrize("state", ENDS)
def test_a_job_without_a_webhook_owes_none(state):
    assert [] == list(delivery.owed(replace(IN_STATE[state], webhook=None), ()))


@pytest.mark.parametrize("state", ENDS)
def test_only_the_events_that_were_asked_for_are_owed(state):
    job = replace(IN_STATE[state], webhook=Webhook("https://example.com/hook", ("video.failed", "video.expired")))

    assert (state in (JobState.FAILED, JobState.EXPIRED)) == bool(list(delivery.owed(job, ())))


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


def test_410_of_a_url_that_is_no_longer_the_receiver_s_is_a_failure_as_any_other():
    gone = Reply(status=410)
    moved = [delivery.after(owed(), gone, NOON, chance=0, moved=moved) for moved in (True, False)]
    last = delivery.after(tried([DOWN] * len(SCHEDULE)), gone, NOON, chance=0, moved=True)

    assert [DeliveryState.PENDING, DeliveryState.ABANDONED] == [each.state for each in moved]
    assert (NOON + SCHEDULE[0], 410) == (moved[0].due_at, moved[0].last_status)
    assert DeliveryState.ABANDONED is last.state


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

    kept = {"due_at": NOON, "attempts": 0, "last_status": None, "last_error": None, "posts": ()}
    assert replace(before, **kept) == replace(after, **kept)


@pytest.mark.parametrize(("state", "event_type"), ENDS.items())
def test_each_endpoint_that_wants_to_hear_is_told_of_the_same_event(state, event_type):
    job = replace(IN_STATE[state], webhook_endpoint="we_B")
    own, *theirs = delivery.owed(job, ENDPOINTS)

    wanted = ["we_A", "we_B", "we_C"] if event_type in ENDPOINTS[0].event_types else ["we_B", "we_C"]
    assert (None, wanted) == (own.endpoint_id, [each.endpoint_id for each in theirs])
    assert [f"{own.id}_{name.removeprefix('we_')}" for name in wanted] == [each.id for each in theirs]
    assert {(own.event_id, event_type)} == {(each.event_id, each.event_type) for each in theirs}
    assert [f"https://{name}.example.com/" for name in wanted] == [each.url for each in theirs]
    assert 1 + len(theirs) == len({each.lane for each in (own, *theirs)})


def test_a_disabled_endpoint_is_owed_nothing():
    held = [replace(each, state=EndpointState.DISABLED) for each in ENDPOINTS]

    assert [None] == [each.endpoint_id for each in delivery.owed(IN_STATE[JobState.COMPLETED], held)]


def test_callbacks_of_one_tenant_to_one_receiver_share_a_lane():
    urls = ("https://a.example.com/x", "https://a.example.com/y?z=1", "https://a.example.com:8443/x", "https://b.c/")
    lanes = [replace(owed(), url=url).lane for url in urls]

    assert lanes[0] == lanes[1]
    assert 3 == len(set(lanes))
    assert lanes[0] != replace(owed(), url=urls[0], tenant="eve").lane


def test_each_try_is_remembered_as_it_went():
    after = delivery.after(owed(), Reply(error="timeout"), NOON, chance=0, seconds=15)
    after = delivery.after(after, Reply(status=204), NOON + 20 * SECOND, chance=0, seconds=0.5)

    assert (
        Post(at=NOON - 15 * SECOND, seconds=15, status=None, error="timeout"),
        Post(at=NOON + 19.5 * SECOND, seconds=0.5, status=204, error=None),
    ) == after.posts


def test_only_the_newest_tries_are_remembered():
    now = owed()
    for n in range(50):
        now = delivery.after(delivery.replayed(now, NOON), Reply(status=500 + n), NOON, chance=0)

    assert [500 + n for n in range(18, 50)] == [post.status for post in now.posts]


def test_a_replay_is_due_now_on_a_new_schedule_with_the_same_bytes():
    given_up = replace(tried([DOWN] * 10), body="{}")
    again = delivery.replayed(given_up, NOON)

    assert (DeliveryState.PENDING, 0, NOON, "{}", 10) == (
        *(again.state, again.attempts, again.due_at, again.body),
        len(again.posts),
    )
    assert (given_up.id, given_up.event_id) == (again.id, again.event_id)


@pytest.mark.parametrize(("tries", "can"), [(0, False), (1, True), (2, True), (9, True), (10, True)])
def test_what_waits_for_its_next_try_can_be_replayed_unless_somebody_holds_it(tries, can):
    waiting = tried([DOWN] * tries)
    at = NOON if tries == 0 else waiting.posts[-1].at

    assert can == delivery.can_be_replayed(waiting, at, held=False)
    assert (tries == 10) == delivery.can_be_replayed(waiting, at, held=True)
    assert delivery.can_be_replayed(delivery.after(waiting, Reply(status=204), at, chance=0), at, held=True)


def test_what_is_due_is_not_made_due():
    waiting = tried([DOWN])

    assert [True, False] == [
        delivery.can_be_replayed(waiting, at, held=False) for at in (waiting.due_at - SECOND, waiting.due_at)
    ]


@pytest.mark.parametrize(
    ("reply", "seconds", "rest"),
    [
        (Reply(status=200, retry_after=SECOND), 1, 0),
        (Reply(status=500), 9, 0),
        (Reply(status=429, retry_after=7 * SECOND), 1, 7),
        (Reply(status=503, retry_after=timedelta(days=9)), 1, 3600),
        (Reply(status=503, retry_after=-SECOND), 1, 0),
        (Reply(error="connection_refused"), 0.25, 0.25),
        (Reply(error="timeout"), 15, 5),
    ],
)
def test_a_receiver_that_asks_or_is_silent_is_left_alone_for_a_while(reply, seconds, rest):
    assert timedelta(seconds=rest) == delivery.rest(reply, seconds)


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=503), "http_5xx"),
        (Reply(status=302), "http_3xx"),
        (Reply(status=599), "http_5xx"),
        (Reply(status=600), "http_5xx"),
        (Reply(status=999), "http_5xx"),
        (Reply(error="timeout"), "timeout"),
        (Reply(error="tls"), "tls"),
        *((Reply(error=word), "unreachable") for word in ("dns", "address_refused", "connection_refused", "protocol")),
    ],
)
def test_what_owners_are_told_of_a_fault_tells_nothing_of_our_network(reply, told):
    assert told == delivery.fault(reply)

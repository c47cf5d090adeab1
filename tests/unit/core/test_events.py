"""What the platform tells the world of a job."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core import events
from shared.core.events import Event
from shared.core.job import JobState, Yielded
from tests.unit.core.samples import AFTER_LOSS, AFTER_YIELD, CLAIMED, IN_STATE, NOON, SECOND, after

TYPES = {
    JobState.QUEUED: "dev.flipbook.video.queued.v1",
    JobState.RUNNING: "dev.flipbook.video.started.v1",
    JobState.COMPLETED: "dev.flipbook.video.completed.v1",
    JobState.FAILED: "dev.flipbook.video.failed.v1",
    JobState.CANCELLED: "dev.flipbook.video.cancelled.v1",
    JobState.EXPIRED: "dev.flipbook.video.expired.v1",
}


def told(state: JobState) -> Event:
    event = events.of(IN_STATE[state])
    assert event is not None
    return event


@pytest.mark.parametrize(("state", "type_"), TYPES.items())
def test_each_state_but_cancelling_is_told_by_its_type(state, type_):
    assert type_ == told(state).type


def test_a_wish_to_cancel_is_not_told():
    assert None is events.of(IN_STATE[JobState.CANCELLING])


def test_an_event_is_identified_by_the_job_and_its_version():
    event = told(JobState.COMPLETED)

    assert ("/flipbook", "evt_01KDYQ3W00AAAAAAAAAAAAAAAA_2") == (event.source, event.id)
    assert "video_01KDYQ3W00AAAAAAAAAAAAAAAA" == event.subject
    assert NOON + 2 * SECOND == event.time


def test_the_same_change_told_again_is_the_same_event():
    assert told(JobState.COMPLETED) == told(JobState.COMPLETED)


def test_no_two_changes_of_a_job_share_an_event():
    life = [after(*[CLAIMED, Yielded("a")] * n) for n in range(3)]
    ids = {event.id for job in life if (event := events.of(job))}

    assert 3 == len(ids)


def test_a_start_is_told_once_and_not_again_for_each_slice():
    assert events.STARTED == told(JobState.RUNNING).type
    assert None is events.of(after(CLAIMED, Yielded("a"), CLAIMED))


@pytest.mark.parametrize("job", [AFTER_YIELD, AFTER_LOSS], ids=["after a yield", "after a loss"])
def test_a_job_that_is_queued_again_wakes_a_worker_again(job):
    event = events.of(job)

    assert event is not None
    assert (events.QUEUED, "evt_01KDYQ3W00AAAAAAAAAAAAAAAA_2") == (event.type, event.id)


def test_the_data_of_a_failure_say_why():
    assert {
        "id": "video_01KDYQ3W00AAAAAAAAAAAAAAAA",
        "object": "video",
        "model": "mochi-1-tiny",
        "state": "failed",
        "content": None,
        "error": {"code": "out_of_memory", "message": "the video does not fit"},
        "created_at": int(NOON.timestamp()),
        "finished_at": int(NOON.timestamp()) + 2,
    } == told(JobState.FAILED).data


@pytest.mark.parametrize("state", TYPES)
def test_an_event_carries_nothing_that_its_caller_wrote(state):
    job = IN_STATE[state]
    job = replace(job, metadata={"canary": "canary"}, request=replace(job.request, prompt="canary"))

    assert "canary" not in repr(events.of(job))
    assert "example.com" not in repr(events.of(job))


@pytest.mark.parametrize("state", TYPES)
def test_the_data_are_json(state):
    data = told(state).data

    assert data == json.loads(json.dumps(data))


def test_a_second_ring_is_another_event_so_that_no_broker_drops_it():
    job = IN_STATE[JobState.QUEUED]
    first = events.of(job)
    again = events.wake_up(job.id, NOON)
    later = events.wake_up(job.id, NOON + timedelta(minutes=1))

    assert first is not None
    assert first.type == again.type == later.type
    assert first.subject == again.subject == later.subject
    assert 3 == len({first.id, again.id, later.id})


def test_rings_for_callbacks_differ_in_time_only():
    first, later = events.deliveries_due(NOON), events.deliveries_due(NOON + SECOND)

    assert ("dev.flipbook.deliveries.due.v1", "deliveries", {}) == (first.type, first.subject, first.data)
    assert first.id != later.id


def test_every_event_of_a_job_names_the_event_that_asked_for_it():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = {"correlationid": "txn", "causationid": "order 42", "traceparent": trace, "tracestate": "a=1"}
    extensions = [
        {name: value for name, value in event.extensions.items() if name != "sequence"}
        for job in IN_STATE.values()
        if (event := events.of(replace(job, cause="order 42", traceparent=trace, tracestate="a=1", correlation="txn")))
    ]

    assert [asked] * len(TYPES) == extensions
    assert {"correlationid", "sequence"} == set(told(JobState.QUEUED).extensions)


def test_the_events_of_a_job_are_one_group_and_in_order():
    life = [after(), after(CLAIMED), after(CLAIMED, Yielded("a"))]
    told_ = [event.extensions for job in life if (event := events.of(job))]

    assert ["0000000000", "0000000001", "0000000002"] == [each["sequence"] for each in told_]
    assert {"video_01KDYQ3W00AAAAAAAAAAAAAAAA"} == {each["correlationid"] for each in told_}


def test_a_word_on_the_way_stands_between_the_changes_before_and_after_it():
    drawn, yielded = after(CLAIMED), after(CLAIMED, Yielded("a"))
    words = [events.progressed(drawn, "video.progress", None, NOON, number) for number in (0, 1, 10)]
    story = [each.extensions["sequence"] for each in (events.of(drawn), *words, events.of(yielded))]

    assert sorted(set(story)) == story


def test_a_completed_video_s_event_says_where_its_content_is():
    assert "/v1/videos/video_01KDYQ3W00AAAAAAAAAAAAAAAA/content" == told(JobState.COMPLETED).data["content"]
    assert {None} == {told(state).data["content"] for state in TYPES if state is not JobState.COMPLETED}


def test_the_reply_to_a_request_stays_the_same_whatever_becomes_of_the_job():
    replies = {repr(events.accepted(job)) for job in IN_STATE.values()}

    assert 1 == len(replies)
    assert told(JobState.QUEUED).id != events.accepted(IN_STATE[JobState.QUEUED]).id

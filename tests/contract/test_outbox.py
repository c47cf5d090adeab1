"""What every Outbox promises (shared/ports/), filled by its JobStore."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.core import events
from shared.core.errors import StaleAttempt
from shared.core.ids import event_id
from shared.core.job import Cancelled, CancelRequested, Completed, Expired, Job, LeaseExpired, Yielded
from tests.stores import OUTPUT, SHORT, Stores

NOW = timedelta(0)


def types(stores: Stores, job: Job) -> list[str]:
    unsent = stores.outbox.unsent(older_than=NOW, limit=100)
    assert {job.id} == {event.subject for event in unsent}
    return [event.type for event in unsent]


def test_a_new_job_rings_the_bell(stores: Stores) -> None:
    job = stores.add()
    [event] = stores.outbox.unsent(older_than=NOW, limit=10)
    assert events.of(job) == event
    assert event_id(job.id, 0) == event.id
    assert timedelta(0) <= stores.jobs.now() - event.time < timedelta(seconds=5)


def test_each_change_tells_its_event_once_in_order(stores: Stores) -> None:
    job = stores.add()
    _, first = stores.claim()
    stores.jobs.apply(job.id, Yielded(first))
    _, second = stores.claim()
    stores.jobs.apply(job.id, LeaseExpired(second))
    _, third = stores.claim()
    stores.jobs.apply(job.id, Completed(third, OUTPUT))
    expected = [events.QUEUED, events.STARTED, events.QUEUED, events.QUEUED, events.COMPLETED]
    assert expected == types(stores, job)


def test_a_cancellation_is_told_when_it_is_done_not_when_it_is_wished(stores: Stores) -> None:
    job = stores.add()
    _, attempt = stores.claim()
    stores.jobs.apply(job.id, CancelRequested())
    assert [events.QUEUED, events.STARTED] == types(stores, job)
    stores.jobs.apply(job.id, Cancelled(attempt))
    assert [events.QUEUED, events.STARTED, events.CANCELLED] == types(stores, job)


def test_a_refused_change_tells_nothing(stores: Stores) -> None:
    job = stores.add()
    with pytest.raises(StaleAttempt):
        stores.jobs.apply(job.id, Completed("a", OUTPUT))
    assert [events.QUEUED] == types(stores, job)


def test_what_was_sent_is_struck_out_and_striking_twice_is_no_error(stores: Stores) -> None:
    job = stores.add()
    stores.jobs.apply(job.id, Expired())
    queued, expired = stores.outbox.unsent(older_than=NOW, limit=10)
    for _ in range(2):
        stores.outbox.sent(queued.id)
        assert [expired] == stores.outbox.unsent(older_than=NOW, limit=10)
    stores.outbox.sent(expired.id)
    assert [] == stores.outbox.unsent(older_than=NOW, limit=10)


def test_only_old_rows_are_shown_oldest_first_and_no_more_than_asked(stores: Stores) -> None:
    old = [stores.add() for _ in range(3)]
    stores.wait(SHORT)
    stores.add()
    unsent = stores.outbox.unsent(older_than=SHORT, limit=10)
    assert [job.id for job in old] == [event.subject for event in unsent]
    assert unsent[:2] == stores.outbox.unsent(older_than=SHORT, limit=2)
    assert [] == stores.outbox.unsent(older_than=timedelta(hours=1), limit=10)


def test_a_forgotten_job_s_events_are_still_sent(stores: Stores) -> None:
    job = stores.finish()
    stores.jobs.forget(job.id)
    assert [events.QUEUED, events.STARTED, events.COMPLETED] == types(stores, job)


def test_an_event_carries_no_prompt(stores: Stores) -> None:
    job = stores.add()
    [event] = stores.outbox.unsent(older_than=NOW, limit=10)
    assert job.request.prompt not in repr(event)

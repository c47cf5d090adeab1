"""What was dropped is found again: each test drops one thing."""

from dataclasses import replace
from datetime import timedelta
from time import sleep

import pytest

from functions.recover.app import create_app
from functions.recover.handler import Sweeper
from shared.core import keys
from shared.core.errors import NotFound, Unavailable
from shared.core.events import BELL, DELIVERIES_DUE, QUEUED, RING
from shared.core.job import CancelRequested, Claimed, JobState
from shared.core.terms import Terms
from tests.functions.jobs import queue

BLINK = timedelta(milliseconds=10)


@pytest.fixture
def sweeper(services, settings):
    return Sweeper(services, settings)


def told(services):
    return [(event.type.removeprefix("dev.flipbook."), event.subject) for event in services.publisher.events]


def test_a_lost_workers_job_is_queued_again_and_a_gpu_woken(services, sweeper):
    job = queue(services)
    services.jobs.claim("lost", BLINK)
    sleep(0.05)

    sweeper.sweep()

    found = services.jobs.get(job.id)
    assert (JobState.QUEUED, 1, None) == (found.state, found.losses, found.attempt)
    assert ("video.queued.v1", job.id) in told(services)


def test_a_job_that_loses_every_worker_fails_and_is_told(services, sweeper):
    job = queue(services, max_losses=2)
    for attempt in ("first", "second"):
        assert services.jobs.claim(attempt, BLINK)
        sleep(0.05)
        sweeper.sweep()

    found = services.jobs.get(job.id)
    assert (JobState.FAILED, "worker_lost") == (found.state, found.error.code)
    assert ("video.failed.v1", job.id) in told(services)


def test_a_job_in_good_hands_is_left_alone(services, sweeper, settings):
    job = queue(services)
    services.jobs.claim("alive", settings.lease)

    sweeper.sweep()

    assert "alive" == services.jobs.get(job.id).attempt


def test_a_job_nobody_took_in_time_expires(services, sweeper):
    job = queue(services, expires_at=services.jobs.now())

    sweeper.sweep()

    assert (JobState.EXPIRED, "job_expired") == (
        services.jobs.get(job.id).state,
        services.jobs.get(job.id).error.code,
    )
    assert ("video.expired.v1", job.id) in told(services)


def test_a_job_whose_whole_time_is_over_fails_queued_or_running(services, sweeper, settings):
    hurried = Terms(timeout=timedelta(microseconds=1))
    since = services.jobs.now() - timedelta(seconds=9)
    stuck = queue(services)
    services.jobs.claim("a", settings.lease)
    late = [queue(services, terms=hurried, created_at=since) for _ in range(2)]
    services.jobs.apply(late[0].id, Claimed("b"))
    sweeper.sweep()
    sweeper.sweep()

    ends = [services.jobs.get(job.id) for job in late]
    assert [("failed", "timeout")] * 2 == [(job.state.value, job.error.code) for job in ends]
    assert JobState.RUNNING is services.jobs.get(stuck.id).state
    assert 2 == [kind for kind, _ in told(services)].count("video.failed.v1")


def test_an_event_that_the_broker_never_got_is_sent_once(services, settings_with):
    sweeper = Sweeper(services, settings_with(RESEND_SECONDS="0.01"))
    job = queue(services)
    services.jobs.apply(job.id, CancelRequested())
    sleep(0.02)

    sweeper.sweep()
    sweeper.sweep()

    assert [("video.queued.v1", job.id), ("video.cancelled.v1", job.id)] == told(services)


def test_a_broker_that_is_away_leaves_the_rows_for_next_time(services, settings_with):
    sweeper = Sweeper(services, settings_with(RESEND_SECONDS="0.01"))
    queue(services)
    sleep(0.02)
    services.publisher.down = True

    with pytest.raises(Unavailable, match="_resend_events"):
        sweeper.sweep()

    services.publisher.down = False
    sweeper.sweep()
    assert [] == services.outbox.unsent(older_than=timedelta(0), limit=10)


def test_the_bell_is_rung_for_jobs_that_wait_and_not_too_often(services, settings_with):
    services = replace(services, wake_limit=3)
    sweeper = Sweeper(services, settings_with(RESEND_SECONDS="0.01"))
    for _ in range(5):
        services.announce(queue(services))
    services.publisher.events.clear()
    sleep(0.02)

    sweeper.sweep()

    assert [(QUEUED, {BELL: RING})] * 3 == [(event.type, event.extensions) for event in services.publisher.events]


def test_no_bell_is_rung_while_every_gpu_that_may_be_had_draws(services, settings_with, settings):
    services = replace(services, wake_limit=2)
    sweeper = Sweeper(services, settings_with(RESEND_SECONDS="0.01"))
    for _ in range(5):
        services.announce(queue(services))
    for attempt in "ab":
        services.jobs.claim(attempt, settings.lease)
    services.publisher.events.clear()
    sleep(0.02)

    sweeper.sweep()

    assert [] == [event for event in services.publisher.events if BELL in event.extensions]


def test_due_callbacks_wake_notify(services, sweeper):
    job = queue(services, callback="http://127.0.0.1:9/hook")
    services.announce(services.jobs.apply(job.id, CancelRequested()))

    sweeper.sweep()

    assert DELIVERIES_DUE in [event.type for event in services.publisher.events]


def test_a_job_past_its_retention_goes_with_its_artifacts(services, settings_with):
    services_ = services
    job = queue(services_)
    services_.artifacts.put(keys.artifact_key(job.tenant, job.id, "a", "video.mp4"), b"x", "video/mp4")
    services_.jobs.apply(job.id, CancelRequested())
    services_.jobs.discard(job.id)

    Sweeper(services_, settings_with()).sweep()

    with pytest.raises(NotFound):
        services_.jobs.get(job.id)
    assert 0 == services_.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_deleted_job_stays_until_its_worker_let_go(services, sweeper, settings):
    job = queue(services)
    services.jobs.claim("a", settings.lease)
    services.jobs.apply(job.id, CancelRequested())
    services.jobs.discard(job.id)

    sweeper.sweep()

    assert JobState.CANCELLING is services.jobs.get(job.id).state


def test_a_tick_makes_recover_sweep(services, settings):
    job = queue(services, expires_at=services.jobs.now())
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/ping", "ce-type": "dev.knative.sources.ping"}

    answer = create_app(settings, services).test_client().post("/", headers=headers)

    assert (200, b"") == (answer.status_code, answer.data)
    assert JobState.EXPIRED is services.jobs.get(job.id).state

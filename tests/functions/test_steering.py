"""Cancelling a job, and asking again for one that ended without a video."""

from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, Claimed, Completed, Expired, Failed, JobError, JobState
from shared.core.wish import MAX_SEED
from tests.functions.jobs import queue
from tests.stores import OUTPUT

ERROR = JobError("out_of_memory", "the GPU's memory was full")


def ended(services, state, **changes):
    """A job that came to this final state."""
    job = queue(services, **changes)
    if state is JobState.EXPIRED:
        return services.jobs.apply(job.id, Expired())
    if state is JobState.CANCELLED:
        return services.jobs.apply(job.id, CancelRequested())
    attempt = new_attempt_id()
    services.jobs.apply(job.id, Claimed(attempt))
    last = Completed(attempt, OUTPUT) if state is JobState.COMPLETED else Failed(attempt, ERROR)
    return services.jobs.apply(job.id, last)


FINAL = [state for state in JobState if state.is_final]
BAD_ENDS = [JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_waiting_job_is_cancelled_at_once_and_never_drawn(client, auth, services, settings, method):
    job = queue(services)

    answer = client.open(f"/v1/videos/{job.id}/cancel", method=method, headers=auth)

    assert (200, job.id, "cancelled", "failed") == (
        answer.status_code,
        answer.json["id"],
        answer.json["state"],
        answer.json["status"],
    )
    assert "job_cancelled" == answer.json["error"]["code"]
    assert services.jobs.claim("a", settings.lease) is None
    assert answer.json == client.get(f"/v1/videos/{job.id}", headers=auth).json
    assert ["dev.flipbook.video.cancelled.v1"] == [event.type for event in services.publisher.events]


def test_a_running_job_is_asked_to_stop_as_often_as_one_likes(client, auth, services, settings):
    job = queue(services)
    attempt = new_attempt_id()
    services.jobs.claim(attempt, settings.lease)

    first, second = (client.post(f"/v1/videos/{job.id}/cancel", headers=auth) for _ in range(2))

    for answer in (first, second):
        assert (202, "cancelling", "in_progress") == (
            answer.status_code,
            answer.json["state"],
            answer.json["status"],
        )
    assert JobState.CANCELLING is services.jobs.renew(job.id, attempt, settings.lease).state


@pytest.mark.parametrize("state", FINAL)
def test_what_is_over_cannot_be_cancelled(client, auth, services, state):
    job = ended(services, state)

    answer = client.post(f"/v1/videos/{job.id}/cancel", headers=auth)

    assert (409, "already_terminal") == (answer.status_code, answer.json["error"]["code"])
    assert "false" == answer.headers["x-should-retry"]
    assert job == services.jobs.get(job.id)


class _CompletesFirst:
    """A job store in which the worker is done just before the caller's cancellation arrives."""

    def __init__(self, jobs, attempt):
        self._jobs, self._attempt = jobs, attempt

    def __getattr__(self, name):
        return getattr(self._jobs, name)

    def apply(self, job_id, change):
        if isinstance(change, CancelRequested):
            self._jobs.apply(job_id, Completed(self._attempt, OUTPUT))
        return self._jobs.apply(job_id, change)


def test_a_job_completed_just_before_the_cancellation_is_not_called_cancelled(auth, services, settings):
    job = queue(services)
    attempt = new_attempt_id()
    services.jobs.claim(attempt, settings.lease)
    racing = replace(services, jobs=_CompletesFirst(services.jobs, attempt))

    answer = create_app(settings, racing).test_client().post(f"/v1/videos/{job.id}/cancel", headers=auth)

    assert (409, "already_terminal") == (answer.status_code, answer.json["error"]["code"])
    assert JobState.COMPLETED is services.jobs.get(job.id).state


@pytest.mark.parametrize("state", BAD_ENDS)
def test_a_job_that_ended_without_a_video_is_asked_for_again(client, auth, services, state):
    job = ended(services, state, metadata={"project": "sea"}, callback="http://127.0.0.1:9/", events=("video.failed",))

    answer = client.post(f"/v1/videos/{job.id}/retry", headers=auth)

    assert (202, "queued") == (answer.status_code, answer.json["state"])
    assert f"/v1/videos/{answer.json['id']}" == answer.headers["Location"]
    again = services.jobs.get(answer.json["id"])
    assert again.id != job.id
    assert (job.request, job.webhook, job.metadata) == (again.request, again.webhook, again.metadata)
    assert (job.id, 0, 0) == (again.retried_from, again.attempts, again.losses)
    assert (job.id, 0) == (answer.json["retried_from_video_id"], answer.json["attempt"])
    assert job == services.jobs.get(job.id)
    assert ["dev.flipbook.video.queued.v1"] == [event.type for event in services.publisher.events]


def test_the_seed_that_was_drawn_by_lot_is_kept(client, auth):
    created = client.post("/v1/videos", json={"prompt": "a red cat"}, headers=auth).json
    client.post(f"/v1/videos/{created['id']}/cancel", headers=auth)

    again = client.post(f"/v1/videos/{created['id']}/retry", headers=auth).json

    assert created["seed"] == again["seed"] <= MAX_SEED
    assert (None, created["id"]) == (created["retried_from_video_id"], again["retried_from_video_id"])


def test_what_waits_runs_or_has_its_video_is_not_drawn_again(client, auth, services, settings):
    completed = ended(services, JobState.COMPLETED)
    running = queue(services)
    services.jobs.claim("a", settings.lease)
    queued = queue(services)

    for job in (completed, running, queued):
        answer = client.post(f"/v1/videos/{job.id}/retry", headers=auth)
        assert (409, "not_retriable") == (answer.status_code, answer.json["error"]["code"])
        assert "false" == answer.headers["x-should-retry"]
    assert 1 == services.jobs.depth().waiting


def test_a_model_that_is_no_longer_offered_is_not_queued_again(auth, services, settings_with):
    job = ended(services, JobState.FAILED)
    client = create_app(settings_with(MODELS="mochi-1-preview"), services).test_client()

    answer = client.post(f"/v1/videos/{job.id}/retry", headers=auth)

    assert (409, "not_retriable") == (answer.status_code, answer.json["error"]["code"])
    assert 0 == services.jobs.depth().waiting


def test_a_deleted_video_is_neither_cancelled_nor_drawn_again(client, auth, services):
    job = queue(services)
    client.delete(f"/v1/videos/{job.id}", headers=auth)

    for verb in ("cancel", "retry"):
        assert 404 == client.post(f"/v1/videos/{job.id}/{verb}", headers=auth).status_code

"""A cancelled video stays cancelled wherever it was, and its GPU is free within five seconds."""

from __future__ import annotations

import random
import time
from dataclasses import fields, replace
from threading import Event

import pytest

from functions.recover.handler import Sweeper
from functions.submit.app import create_app
from shared.core.job import JobState
from shared.settings import Settings
from tests.engines.instant import Instant, InstantDrawing
from tests.engines.slow import Slow, SlowDrawing
from tests.functions.jobs import queue
from tests.functions.studio import eventually

PROMISE = 5.0
"""Seconds from the answer to a cancellation until the GPU may draw something else."""
STEPS, CHUNKS = 4, 2
HEEDED = ("begin", *(f"step {n}" for n in range(STEPS)), *(f"chunk {n}" for n in range(CHUNKS)))
"""Where a worker that hears of the wish stops."""
TOO_LATE = ("upload", "end")
"""Where the video is done before it can hear."""
BOUNDARIES = ("queued", *HEEDED, *TOO_LATE)


class Told:
    """A JobStore that says when a worker has surely heard that its job is cancelled, and when it tells the end."""

    def __init__(self, jobs, at):
        self._jobs = jobs
        self._at = at
        self._beats = 0
        self.heard = Event()

    def __getattr__(self, name):
        return getattr(self._jobs, name)

    def renew(self, *words):
        job = self._jobs.renew(*words)
        self._beats += job.state is JobState.CANCELLING
        if self._beats >= 2:  # what the first one said has been taken in
            self.heard.set()
        return job

    def apply(self, job_id, change):
        if type(change).__name__ == "Completed":
            self._at("end")
        return self._jobs.apply(job_id, change)


class Uploads:
    """An ArtifactStore that says when a video is on its way."""

    def __init__(self, artifacts, at):
        self._artifacts = artifacts
        self._at = at

    def __getattr__(self, name):
        return getattr(self._artifacts, name)

    def put(self, key, source, content_type):
        if key.endswith("video.mp4"):
            self._at("upload")
        return self._artifacts.put(key, source, content_type)


class MarkedDrawing(InstantDrawing):
    chunk = 7

    def advance(self):
        self.at(f"step {self.step}")
        super().advance()

    def decode(self):
        for n, chunk in enumerate(super().decode()):
            self.at(f"chunk {n}")
            yield chunk


class Marked(Instant):
    """Says where it is."""

    def __init__(self, at):
        self.at = at

    def begin(self, request, checkpoint=None):
        self.at("begin")
        drawing = MarkedDrawing(request, checkpoint)
        drawing.at = self.at
        return drawing


@pytest.mark.parametrize("seed", range(100))
def test_wherever_it_is_cancelled_it_ends_once_and_the_gpu_is_free(services, studio, settings, auth, seed):
    where = random.Random(seed).choice(BOUNDARIES)
    answers, cancelled_at = [], [0.0]

    def at(place):
        if place != where or answers:
            return
        answers.append(client.post(f"/v1/videos/{job.id}/cancel", headers=auth))
        cancelled_at[0] = time.monotonic()
        if place in HEEDED:
            assert told.heard.wait(PROMISE)

    told = Told(services.jobs, at)
    watched = replace(services, jobs=told, artifacts=Uploads(services.artifacts, at))
    client = create_app(settings, services).test_client()
    job = queue(services)
    at("queued")
    painter = studio.painter(Marked(at), services=watched)

    painter.serve()

    assert time.monotonic() - cancelled_at[0] < PROMISE
    assert [200 if where == "queued" else 202] == [answer.status_code for answer in answers]
    expected = JobState.COMPLETED if where in TOO_LATE else JobState.CANCELLED
    assert expected is services.jobs.get(job.id).state
    Sweeper(services, settings).sweep()
    assert None is services.jobs.claim("late", settings.lease)
    assert expected is services.jobs.get(job.id).state
    assert 1 == studio.told().count(expected.value)
    assert 409 == client.post(f"/v1/videos/{job.id}/cancel", headers=auth).status_code
    content = client.get(f"/v1/videos/{job.id}/content", headers=auth).status_code
    assert (expected is JobState.COMPLETED) == (content in (200, 302))
    following = queue(services)
    painter.serve()
    assert JobState.COMPLETED is services.jobs.get(following.id).state


def test_a_hundred_seeds_meet_every_boundary():
    assert set(BOUNDARIES) == {random.Random(seed).choice(BOUNDARIES) for seed in range(100)}


class OneSecondSteps(Slow):
    class drawing(SlowDrawing):  # noqa: N801 - the name of the attribute
        seconds_per_step = 1.0


def test_with_the_heartbeat_of_production_a_slow_step_is_all_that_is_waited_for(
    services, studio, settings_with, client, auth
):
    default = {f.name: f.metadata["default"] for f in fields(Settings)}
    studio.settings = settings_with(HEARTBEAT_SECONDS=default["heartbeat"], LEASE_SECONDS=default["lease"])
    job = queue(services)
    serving = studio.start(OneSecondSteps(None))
    eventually(lambda: services.jobs.progress(services.jobs.get(job.id))[1] > 0, timeout=20)

    answer = client.post(f"/v1/videos/{job.id}/cancel", headers=auth)
    began = time.monotonic()
    serving.result(20)

    assert time.monotonic() - began < PROMISE
    assert answer.status_code in (202, 200)  # 200: the step ended before the answer was written
    assert JobState.CANCELLED == services.jobs.get(job.id).state

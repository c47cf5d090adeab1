"""The store's clock is set back while jobs wait or are drawn, or another server with another clock takes over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from functions.recover.handler import Sweeper
from functions.submit.app import create_app
from shared.core.job import JobState
from tests.engines.instant import Instant
from tests.functions.jobs import queue
from tests.functions.studio import Held
from tests.stores import Clock, memory_stores

BACK = -timedelta(minutes=5)
SECONDS = ("flipbook_queue_seconds", "flipbook_job_seconds")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def services(services, studio, clock):
    stores = memory_stores(clock)
    stores = {name: getattr(stores, name) for name in ("jobs", "outbox", "deliveries", "queue", "runs")}
    studio.services = replace(services, **stores)
    return studio.services


def sums() -> list[float]:
    """Of the seconds in each histogram, over all labels."""
    samples = [sample for family in REGISTRY.collect() for sample in family.samples]
    return [sum(sample.value for sample in samples if sample.name == f"{name}_sum") for name in SECONDS]


def test_a_job_that_waits_is_drawn_at_once_and_has_waited_no_less_than_nothing(services, studio, settings, clock, auth):
    job, before = queue(services), sums()

    clock.forward(BACK)
    studio.serve(Instant(None))

    done = studio.job(job)
    assert (JobState.COMPLETED, 1, 0) == (done.state, done.attempts, done.losses)
    assert all(now >= then for then, now in zip(before, sums(), strict=True))
    video = create_app(settings, services).test_client().get(f"/v1/videos/{job.id}", headers=auth).json
    assert 0 == video["timings"]["queued_s"]


def test_a_drawing_ends_as_if_nothing_had_been_and_the_next_one_too(services, studio, clock):
    engine, job = Held(at=1), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()
    waiting, before = queue(services), sums()

    clock.forward(BACK)
    Sweeper(services, studio.settings).sweep()
    engine.hold.go.set()
    drawing.result(10)

    ends = [studio.job(each) for each in (job, waiting)]
    assert [(JobState.COMPLETED, 1, 0)] * 2 == [(end.state, end.attempts, end.losses) for end in ends]
    assert all(now >= then for then, now in zip(before, sums(), strict=True))

"""Models that misbehave: each ends as it should, after no more tries than it has, and no other job is harmed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.generate.patience import Patience
from functions.recover.handler import Sweeper
from shared.core import keys
from shared.core.job import CancelRequested, JobState
from tests.engines.crash_at_step import CrashAtStep
from tests.engines.deaf import Deaf
from tests.engines.full_disk import FullDisk
from tests.engines.instant import Instant
from tests.engines.not_finite import NotFinite
from tests.engines.out_of_memory import NoRoom
from tests.engines.slow import Slow
from tests.engines.wrong_frames import NoFrames, OneColor, TooFewFrames, WrongSize
from tests.functions.jobs import queue
from tests.functions.studio import Held, eventually
from tests.stores import REQUEST, Clock, memory_stores

BAD_SEED = 13


class Moody(Instant):
    """Draws well, but for one request."""

    def __init__(self, bad):
        super().__init__(None)
        self._bad = bad(None)

    def begin(self, request, checkpoint=None):
        engine = self._bad if request.seed == BAD_SEED else super()
        return engine.begin(request, checkpoint)


ENDS = [
    (CrashAtStep, JobState.FAILED, "internal_error", 3),
    (NoRoom, JobState.FAILED, "out_of_memory", 3),
    (FullDisk, JobState.FAILED, "temporary_error", 3),
    (NotFinite, JobState.FAILED, "quality_check_failed", 1),
    (NoFrames, JobState.FAILED, "quality_check_failed", 1),
    (TooFewFrames, JobState.FAILED, "quality_check_failed", 1),
    (WrongSize, JobState.FAILED, "quality_check_failed", 1),
    (OneColor, JobState.FAILED, "quality_check_failed", 1),
    (Slow, JobState.COMPLETED, None, 1),
    (Deaf, JobState.COMPLETED, None, 1),
]


@pytest.mark.parametrize("end", ENDS, ids=[end[0].__name__ for end in ENDS])
def test_each_ends_as_it_should_and_the_others_are_drawn(services, studio, end):
    bad, state, code, attempts = end
    clock = Clock()
    stores = memory_stores(clock)
    studio.services = replace(services, jobs=stores.jobs, outbox=stores.outbox, deliveries=stores.deliveries)
    jobs = [queue(studio.services, request=replace(REQUEST, seed=seed)) for seed in (1, BAD_SEED, 2)]
    painter = studio.painter(Moody(bad))

    for _ in range(5):
        painter.serve()
        clock.forward(timedelta(minutes=1))

    good, ended, other = (studio.job(job) for job in jobs)
    assert [(JobState.COMPLETED, 1)] * 2 == [(job.state, job.attempts) for job in (good, other)]
    assert (state, attempts) == (ended.state, ended.attempts)
    assert code == (ended.error.code if ended.error else None)
    assert not studio.drain.is_set()


def test_a_full_disk_is_no_fault_of_the_model_s_and_the_log_names_the_folder(services, studio, caplog):
    jobs = [queue(services) for _ in range(3)]

    studio.serve(FullDisk(None))

    assert [(JobState.QUEUED, 1)] * 3 == [(studio.job(job).state, studio.job(job).losses) for job in jobs]
    assert not studio.drain.is_set(), "another process would have the same disk"
    told = [str(record.error) for record in caplog.records if record.message == "attempt released"]
    assert [True] * 3 == [f"/flipbook-drawing-{os.getpid()}-" in line for line in told]


def test_one_that_never_comes_back_costs_its_job_three_workers_and_no_other_job_anything(
    services, studio, settings_with
):
    studio.settings = settings_with(HEARTBEAT_SECONDS="0.02")
    clock = Clock()
    stores = memory_stores(clock)
    services = replace(services, jobs=stores.jobs, outbox=stores.outbox, deliveries=stores.deliveries)
    studio.services, job = services, queue(services)

    def is_given_up():
        clock.forward(timedelta(minutes=2))
        Sweeper(services, studio.settings).sweep()
        return studio.job(job).state is not JobState.RUNNING

    for _ in range(3):
        studio.drain, engine = threading.Event(), Held()
        drawing = studio.start(engine, Patience(step=0.1))
        engine.hold.await_reached()
        assert studio.drain.wait(10), "the heartbeat sees that it hangs"
        eventually(is_given_up)
        engine.hold.go.set()
        drawing.result(10)
    other = queue(services)
    studio.drain = threading.Event()
    studio.serve(Instant(None))

    assert (JobState.FAILED, 3) == (studio.job(job).state, studio.job(job).attempts)
    assert "worker_lost" == studio.job(job).error.code
    assert (JobState.COMPLETED, 1) == (studio.job(other).state, studio.job(other).attempts)


def test_one_that_cannot_hear_is_cancelled_behind_its_step_and_nothing_of_it_is_stored(services, studio):
    job = queue(services)
    drawing = studio.start(Deaf(None))
    eventually(lambda: studio.job(job).state is JobState.RUNNING)

    services.jobs.apply(job.id, CancelRequested())
    drawing.result(10)

    assert (JobState.CANCELLED, "job_cancelled") == (studio.job(job).state, studio.job(job).error.code)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_cancelled_one_that_hangs_is_cancelled_without_it(services, studio, settings_with):
    studio.settings = settings_with(LEASE_SECONDS="0.2", HEARTBEAT_SECONDS="0.02")
    engine, job = Held(), queue(services)
    drawing = studio.start(engine, Patience(step=0.1))
    engine.hold.await_reached()

    services.jobs.apply(job.id, CancelRequested())
    eventually(lambda: services.jobs.expired_leases(10))
    Sweeper(services, studio.settings).sweep()

    assert JobState.CANCELLED is studio.job(job).state
    engine.hold.go.set()
    drawing.result(10)
    assert JobState.CANCELLED is studio.job(job).state
    assert studio.drain.is_set(), "this process would draw on with a model that hangs"


def test_nothing_that_touches_a_gpu_is_imported_before_the_worker_has_forked(pytestconfig):
    """gunicorn's arbiter reads its configuration; the worker then imports the app, and the app the model in setup."""
    imports = "import sys, functions.generate.app, functions.generate.face"
    code = f"{imports}; sys.exit(bool({{'torch', 'diffusers'}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=pytestconfig.rootpath, timeout=60)
    configuration = (pytestconfig.rootpath / "functions/gunicorn.conf.py").read_text()
    manifest = (pytestconfig.rootpath / "knative/base/generate.yaml").read_text()
    assert "preload" not in configuration + manifest

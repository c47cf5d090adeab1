"""A drawing is stopped in its middle: by SIGTERM, its slice's end, its caller, or another attempt."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from functions.generate.patience import Patience
from functions.recover.handler import Sweeper
from shared.adapters.file_artifacts import FileArtifacts
from shared.core import keys
from shared.core.errors import NotFound
from shared.core.job import CancelRequested, JobState, Yielded
from shared.core.terms import Terms
from tests.engines.instant import Instant, InstantDrawing
from tests.engines.slow import Slow, SlowDrawing
from tests.functions.jobs import queue
from tests.functions.studio import LONG, Held, Hold, eventually, watched
from tests.stores import REQUEST, Clock, memory_stores

STEPS = REQUEST.num_inference_steps


def test_sigterm_puts_the_job_back_and_the_next_claim_goes_on_from_there(services, studio, settings):
    engine, job = Held(at=1), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()

    studio.drain.set()
    engine.hold.go.set()
    drawing.result(10)

    back = studio.job(job)
    assert (JobState.QUEUED, 1, 0, None) == (back.state, back.attempts, back.losses, back.attempt)
    assert ["started", "queued"] == studio.told()[:2]
    studio.drain.clear()
    other = watched()
    studio.serve(other)
    done = studio.job(job)
    assert ([2], STEPS - 2) == (other.begun, other.steps)
    assert (JobState.COMPLETED, 2, 0) == (done.state, done.attempts, done.losses)
    assert studio.checkpoint(job) is None


def test_a_job_whose_whole_time_is_over_is_drawn_no_further(services, studio):
    engine = Held(at=1)
    job = queue(services, terms=Terms(timeout=timedelta(milliseconds=200)))
    drawing = studio.start(engine)
    engine.hold.await_reached()
    time.sleep(0.2)
    engine.hold.go.set()
    drawing.result(10)

    ended = studio.job(job)
    assert (JobState.FAILED, "timeout", 2) == (ended.state, ended.error.code, engine.steps)
    assert ["started", "failed"] == studio.told()


def test_sigterm_before_the_first_step_stores_nothing_and_costs_nothing(services, studio):
    class Stopped(Instant):
        def begin(self, request, checkpoint=None):
            studio.drain.set()
            return super().begin(request, checkpoint)

    job = queue(services)
    studio.serve(Stopped(None))

    assert (JobState.QUEUED, 0) == (studio.job(job).state, studio.job(job).losses)
    assert studio.checkpoint(job) is None


def test_sigterm_while_it_decodes_lets_the_drawing_end(services, studio):
    engine, job = Held(at=None), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()

    studio.drain.set()
    engine.hold.go.set()
    drawing.result(10)

    assert (JobState.COMPLETED, 1) == (studio.job(job).state, studio.job(job).attempts)


def test_a_job_longer_than_a_slice_takes_several_and_no_step_is_drawn_twice(services, settings_with, studio):
    studio.settings = settings_with(REQUEST_TIMEOUT_SECONDS="0.4")
    engine = Slow(None)
    job = queue(services, request=replace(REQUEST, num_inference_steps=5))
    slices, before = 0, time.monotonic()

    while studio.job(job).state is JobState.QUEUED:
        studio.serve(engine)
        slices += 1

    done = studio.job(job)
    assert (JobState.COMPLETED, slices, 0) == (done.state, done.attempts, done.losses)
    assert slices > 1
    assert time.monotonic() - before < (5 + slices) * Slow.drawing.seconds_per_step
    assert studio.told().count("queued") >= slices - 1


def test_a_slice_shorter_than_the_beginning_still_gains_a_step(services, settings_with, studio):
    class LongBeginning(Instant):
        def begin(self, request, checkpoint=None):
            time.sleep(0.05)
            return super().begin(request, checkpoint)

    studio.settings = settings_with(REQUEST_TIMEOUT_SECONDS="0.02")
    job = queue(services)
    for _ in range(STEPS):
        studio.serve(LongBeginning(None))

    assert (JobState.COMPLETED, STEPS) == (studio.job(job).state, studio.job(job).attempts)


def test_work_left_at_the_end_of_a_slice_is_rung_for(services, settings_with, studio):
    """The bells of those that waited are long lost: the Broker repeats them for a minute."""
    studio.settings = settings_with(REQUEST_TIMEOUT_SECONDS="0.3")
    engine = Held(at=None)
    job, left = queue(services), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()
    time.sleep(0.3)
    engine.hold.go.set()
    drawing.result(10)

    assert [JobState.COMPLETED, JobState.QUEUED] == [studio.job(job).state, studio.job(left).state]
    assert ["started", "completed", "queued"] == studio.told()
    assert left.id == services.publisher.events[-1].subject


def test_a_cancelled_drawing_stops_within_a_step_and_a_heartbeat(services, studio):
    job = queue(services, request=replace(REQUEST, num_inference_steps=100))
    drawing = studio.start(Slow(None))
    eventually(lambda: studio.job(job).state is JobState.RUNNING)
    time.sleep(0.3)

    services.jobs.apply(job.id, CancelRequested())
    before = time.monotonic()
    drawing.result(10)

    assert time.monotonic() - before < 1
    assert (JobState.CANCELLED, "job_cancelled") == (studio.job(job).state, studio.job(job).error.code)
    assert "cancelled" == studio.told()[-1]


def test_a_cancellation_is_heard_at_the_next_step_though_heartbeats_are_far_between(services, studio, settings_with):
    studio.settings = settings_with(LEASE_SECONDS="60", HEARTBEAT_SECONDS="30")
    job = queue(services, request=replace(REQUEST, num_inference_steps=100))

    class Deliberate(SlowDrawing):
        seconds_per_step = 0.4
        begun: ClassVar[list[int]] = []

        def advance(self):
            self.begun.append(self.step)
            super().advance()

    class Engine(Slow):
        drawing = Deliberate

    drawing = studio.start(Engine(None))
    eventually(lambda: len(Deliberate.begun) == 2)
    services.jobs.apply(job.id, CancelRequested())
    drawing.result(10)

    assert (JobState.CANCELLED, [0, 1]) == (studio.job(job).state, Deliberate.begun)


def test_a_drawing_cancelled_while_it_decodes_stops_there_and_stores_no_video(services, studio):
    engine, job = Held(at=None), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()

    services.jobs.apply(job.id, CancelRequested())
    time.sleep(0.2)
    engine.hold.go.set()
    drawing.result(10)

    assert (JobState.CANCELLED, 1) == (studio.job(job).state, engine.chunks)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_video_cancelled_while_it_is_sealed_and_checked_is_not_stored(services, studio):
    """The last step before the upload. Nobody asks between the two; the one who asks behind them hears of it."""

    class Sealing(Hold):
        def put_on(self, *_):
            self.here()

    studio.seal, job = Sealing(), queue(services)
    drawing = studio.start(Instant(None))
    studio.seal.await_reached()

    services.jobs.apply(job.id, CancelRequested())
    time.sleep(0.2)
    studio.seal.go.set()
    drawing.result(10)

    assert JobState.CANCELLED is studio.job(job).state
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_deleted_drawing_stops_and_nothing_of_it_stays(services, studio, settings_with):
    studio.settings = settings_with(CHECKPOINT_SECONDS="0.001")
    job = queue(services, request=replace(REQUEST, num_inference_steps=100))
    drawing = studio.start(Slow(None))
    eventually(lambda: studio.checkpoint(job))

    services.jobs.apply(job.id, CancelRequested())
    services.jobs.discard(job.id)
    drawing.result(10)
    assert JobState.CANCELLED is studio.job(job).state
    Sweeper(services, studio.settings).sweep()

    with pytest.raises(NotFound):
        studio.job(job)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


@pytest.mark.parametrize("foreign", [b"", b"garbage", b'{"request": "another", "step": 3}'])
def test_a_checkpoint_that_is_damaged_or_of_another_drawing_is_not_used(services, studio, foreign):
    job = queue(services)
    services.jobs.apply(job.id, Yielded(services.jobs.claim("before", timedelta(seconds=60)).attempt))
    services.artifacts.put(keys.checkpoint_key(job.tenant, job.id), foreign, "application/octet-stream")
    engine = watched()

    studio.serve(engine)

    assert (JobState.COMPLETED, [0]) == (studio.job(job).state, engine.begun)
    assert studio.checkpoint(job) is None


@pytest.mark.parametrize("left", [0, 7, 30], ids=lambda left: f"{left} bytes left")
def test_a_checkpoint_whose_file_is_cut_costs_its_steps_and_no_try(services, studio, tmp_path, left):
    """On a disk of its own: the store says that it is damaged, and would say so at every try."""
    (tmp_path / "artifacts").mkdir()
    studio.services = replace(services, artifacts=FileArtifacts(tmp_path / "artifacts"))
    job = queue(services)
    services.jobs.apply(job.id, Yielded(services.jobs.claim("before", timedelta(seconds=60)).attempt))
    studio.services.artifacts.put(keys.checkpoint_key(job.tenant, job.id), b"whole", "application/octet-stream")
    (file,) = (path for path in (tmp_path / "artifacts").rglob("@*"))
    file.write_bytes(file.read_bytes()[:left])
    engine = watched()

    studio.serve(engine)

    done = studio.job(job)
    assert (JobState.COMPLETED, 2, 0, [0]) == (done.state, done.attempts, done.losses, engine.begun)


def test_a_drawing_that_goes_on_is_never_seen_at_an_earlier_step(services, studio):
    """`step` is the attempt's that runs, and between two attempts nobody's."""
    seen = []

    class Listening:
        def __getattr__(self, name):
            return getattr(services.jobs, name)

        def report(self, job_id, progress):
            services.jobs.report(job_id, progress)
            seen.append((progress.step, progress.resumed_from))

    told = replace(services, jobs=Listening())
    engine, job = Held(at=1), queue(services)
    studio.stop(engine, LONG, told)
    before = list(seen)
    studio.serve(watched(), LONG, told)

    assert JobState.COMPLETED is studio.job(job).state
    assert (2, 2) == seen[len(before)]
    assert seen == sorted(seen)


def test_a_drawing_makes_room_for_a_short_job_and_goes_on_from_there(services, studio):
    """All of it in one wake-up: the store's clock goes a minute a step."""
    clock = Clock()
    stores = memory_stores(clock)
    studio.services = replace(services, jobs=stores.jobs, outbox=stores.outbox, deliveries=stores.deliveries)
    drawn = []

    class Minutes(InstantDrawing):
        def advance(self):
            super().advance()
            clock.forward(timedelta(minutes=1))
            drawn.append(self.total_steps)

    class Slowly(Instant):
        drawing = Minutes

    long = queue(studio.services, request=replace(REQUEST, num_inference_steps=60))
    short = queue(studio.services, request=replace(REQUEST, num_inference_steps=2, num_frames=7))

    studio.serve(Slowly(None), Patience(rival_every=0, rival_after=0))

    assert [JobState.COMPLETED] * 2 == [studio.job(job).state for job in (long, short)]
    assert [60] + [2] * 2 + [60] * 59 == drawn
    assert (2, 1, 0) == (studio.job(long).attempts, studio.job(short).attempts, studio.job(long).losses)

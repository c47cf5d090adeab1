"""generate: a wake-up draws what is queued, and every way a drawing can end."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.generate.app import create_app
from functions.generate.handler import Painter
from shared.core import events, keys, wire
from shared.core.errors import ModelUnavailable, TemporaryError
from shared.core.job import JobState
from shared.settings import BadSetting
from tests.engines.crash_at_step import CrashAtStep
from tests.engines.instant import Instant
from tests.engines.not_finite import NotFinite
from tests.engines.out_of_memory import NoRoom
from tests.engines.wrong_frames import NoFrames, OneColor, TooFewFrames, WrongSize
from tests.functions.jobs import queue
from tests.functions.studio import LONG, Held, watched
from tests.stores import REQUEST, Clock, memory_stores


def wake(client, job_id="video_x"):
    headers, body = wire.to_http(events.wake_up(job_id, Clock()()))
    return client.post("/", headers=headers, data=body)


def client_of(settings, services, engine):
    return create_app(settings, services, engine).test_client()


def test_a_queued_job_is_drawn_stored_and_told(settings, services, studio):
    job = queue(services, max_losses=1)

    answer = wake(client_of(settings, services, Instant(settings)), job.id)

    assert (200, b"") == (answer.status_code, answer.data)
    done = studio.job(job)
    assert (JobState.COMPLETED, 1, 0, None) == (done.state, done.attempts, done.losses, done.attempt)
    assert (96, 64, 13, 30, "h264") == (
        done.output.width,
        done.output.height,
        done.output.num_frames,
        done.output.fps,
        done.output.codec,
    )
    assert {"video", "thumbnail", "spritesheet"} == set(done.output.variants)
    for artifact in done.output.variants.values():
        data = b"".join(services.artifacts.read(artifact.key))
        assert (artifact.sha256, artifact.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
        assert artifact == services.artifacts.stat(artifact.key)
    assert ["started", "completed"] == studio.told()
    # The row of video.queued is submit's to strike out.
    rows = services.outbox.unsent(older_than=timedelta(0), limit=10)
    assert [events.QUEUED] == [event.type for event in rows]


def test_the_same_request_gives_the_same_bytes_at_one_go_or_in_two(services, studio):
    whole = queue(services, request=REQUEST)
    studio.serve(watched())
    engine, halved = Held(), queue(services, request=REQUEST)
    studio.stop(engine)
    studio.serve(engine)

    assert 2 == studio.job(halved).attempts
    assert studio.job(whole).output.video.sha256 == studio.job(halved).output.video.sha256


def test_nothing_queued_is_answered_at_once(settings, services):
    answer = wake(client_of(settings, services, Instant(settings)))

    assert (200, b"") == (answer.status_code, answer.data)
    assert [] == services.publisher.events


def test_one_wake_up_draws_all_that_is_queued(services, studio):
    jobs = [queue(services) for _ in range(3)]

    studio.serve(watched())

    assert [JobState.COMPLETED] * 3 == [studio.job(job).state for job in jobs]
    assert [] == [t.name for t in threading.enumerate() if t.name.startswith("heartbeat")]


def test_a_wake_up_while_drawing_is_told_to_come_again_and_changes_nothing(settings, services, studio):
    engine = Held()
    app = create_app(settings, services, engine)
    job, other = queue(services), queue(services)
    studio.drain = app.extensions["drain"]
    first = studio._pool.submit(wake, app.test_client())
    engine.hold.await_reached()
    before = [studio.job(job), studio.job(other)]

    answer = wake(app.test_client())

    assert (429, "5", "busy") == (
        answer.status_code,
        answer.headers["Retry-After"],
        answer.json["error"]["code"],
    )
    assert before == [studio.job(job), studio.job(other)]
    engine.hold.go.set()
    assert 200 == first.result(10).status_code
    assert JobState.COMPLETED is studio.job(other).state


def test_after_sigterm_it_is_not_ready_and_leaves_the_bell_to_others(settings, services, studio):
    app = create_app(settings, services, Instant(settings))
    client = app.test_client()
    assert 200 == client.get("/readyz").status_code
    job = queue(services)

    app.extensions["drain"].set()

    assert (503, 200) == (client.get("/readyz").status_code, client.get("/healthz").status_code)
    assert 429 == wake(client).status_code
    assert job == studio.job(job)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (NotFinite, "step 3 left numbers that are not finite"),
        (NoFrames, "no frames"),
        (TooFewFrames, "num_frames is 12 instead of 13"),
        (WrongSize, "(128, 192, 3) instead of uint8 (64, 96, 3)"),
        (OneColor, "13 of 13 frames are black; 12 of 12 frames are the same as the one before"),
    ],
)
def test_what_is_no_video_fails_at_once_and_says_with_which_numbers(services, studio, settings, engine, words):
    job = queue(services)

    studio.serve(engine(settings))

    failed = studio.job(job)
    assert (JobState.FAILED, 1, "quality_check_failed") == (failed.state, failed.attempts, failed.error.code)
    assert words in failed.error.message
    assert ["started", "failed"] == studio.told()
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


class NotInstalled(Instant):
    def begin(self, request, checkpoint=None):
        raise ModelUnavailable("the weights are not in /weights/mochi-1-tiny")


def test_a_model_that_is_not_there_fails_at_once_and_names_no_folder(services, studio, settings):
    job = queue(services)

    studio.serve(NotInstalled(settings))

    failed = studio.job(job)
    assert (JobState.FAILED, 0, "model_unavailable") == (failed.state, failed.losses, failed.error.code)
    assert "mochi-1-tiny" in failed.error.message
    assert "/weights" not in failed.error.message
    assert not studio.drain.is_set()


@pytest.mark.parametrize(("engine", "code"), [(CrashAtStep, "internal_error"), (NoRoom, "out_of_memory")])
def test_what_may_go_better_is_tried_again_later_and_the_last_loss_says_why(services, studio, settings, engine, code):
    clock = Clock()
    stores = memory_stores(clock)
    studio.services = replace(services, jobs=stores.jobs, outbox=stores.outbox, deliveries=stores.deliveries)
    job = queue(studio.services)
    painter = studio.painter(engine(settings))

    for losses in (1, 2):
        painter.serve()
        assert (JobState.QUEUED, losses, None) == (
            studio.job(job).state,
            studio.job(job).losses,
            studio.job(job).error,
        )
        painter.serve()
        assert losses == studio.job(job).attempts, "it was not left alone for a while"
        clock.forward(timedelta(seconds=10 * losses + 1))
    painter.serve()

    failed = studio.job(job)
    assert (JobState.FAILED, 3, code) == (failed.state, failed.losses, failed.error.code)


class BrokenBy(Instant):
    """A job that has the fault in it."""

    def begin(self, request, checkpoint=None):
        if request.seed == 13:
            raise RuntimeError("a bug that only this request meets")
        return super().begin(request, checkpoint)


def test_a_job_that_breaks_the_engine_harms_no_other(services, studio, settings):
    seeds = (1, 13, 2, 13, 3)
    jobs = [queue(services, request=replace(REQUEST, seed=seed), max_losses=1) for seed in seeds]

    studio.serve(BrokenBy(settings))

    done, failed = JobState.COMPLETED, JobState.FAILED
    assert [done, failed, done, failed, done] == [studio.job(job).state for job in jobs]
    assert not studio.drain.is_set()


def test_an_engine_that_breaks_on_two_jobs_in_a_row_spoils_no_third(services, studio, settings):
    """A CUDA context that met an error meets it again with every job."""
    first, second, third = (queue(services, max_losses=1) for _ in range(3))

    studio.serve(CrashAtStep(settings))

    assert [JobState.FAILED, JobState.FAILED] == [studio.job(first).state, studio.job(second).state]
    assert third == studio.job(third)
    assert studio.drain.is_set()
    assert "queued" == studio.told()[-1], "the third job's bell was not rung"


@pytest.mark.parametrize(
    "name",
    ["", "nonsense", "json", "json:", ":x", ".x:y", "json:dumps", "no.such.module:Engine", "tests.engines.slow:Fast"],
)
def test_an_engine_that_does_not_exist_is_named_at_the_start(settings_with, services, name):
    with pytest.raises(BadSetting, match="ENGINE: must be mochi or module:Class"):
        create_app(settings_with(ENGINE=name), services)


def test_a_seal_that_fails_gives_the_job_back_and_stores_no_unsealed_video(services, settings, studio):
    class Broken:
        def put_on(self, movie, request, preset):
            raise TemporaryError("the certificate has run out")

    job = queue(services)

    Painter(services, Instant(settings), settings, drain=studio.drain, patience=LONG, seal=Broken()).serve()

    assert (JobState.QUEUED, 1) == (studio.job(job).state, studio.job(job).losses)
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


class NeverReady(Instant):
    def setup(self):
        raise AssertionError("it was loaded")


def test_half_a_seal_is_named_before_any_weight_is_loaded(settings_with, services):
    with pytest.raises(BadSetting, match="C2PA_CERTIFICATE and C2PA_KEY: set both, or neither"):
        create_app(settings_with(C2PA_KEY="/key.pem"), services, NeverReady(None))

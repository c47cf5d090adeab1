"""generate while a store or the Broker is away, for a while and for long."""

from dataclasses import replace
from datetime import timedelta
from time import sleep

import pytest

from functions.generate.app import create_app
from functions.recover.handler import Sweeper
from shared.core import events
from shared.core.job import CancelRequested, JobState
from tests.engines.instant import Instant
from tests.engines.slow import Slow
from tests.functions.jobs import queue
from tests.functions.outage import Outage
from tests.functions.studio import LONG, SHORT, Held, eventually, watched
from tests.functions.test_generate import wake

CHECKPOINT = "/checkpoint"
BUG = pytest.param(
    RuntimeError("a bug in the store"),
    id="bug",
    marks=pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
)


@pytest.mark.parametrize("where", ["video.mp4", "thumbnail.webp", "spritesheet.jpg"])
def test_an_upload_is_repeated_until_the_artifact_store_is_back(services, studio, where):
    job = queue(services)
    artifacts = Outage(services.artifacts, "put", times=3, where=where)

    studio.serve(Instant(None), LONG, replace(services, artifacts=artifacts))

    assert (JobState.COMPLETED, 1, 4) == (studio.job(job).state, studio.job(job).attempts, artifacts.tries)


def test_an_upload_that_never_comes_through_gives_the_job_back(services, studio):
    job, last = queue(services), queue(services, max_losses=1)

    studio.serve(Instant(None), SHORT, replace(services, artifacts=Outage(services.artifacts, "put")))

    assert (JobState.QUEUED, 1) == (studio.job(job).state, studio.job(job).losses)
    assert (JobState.FAILED, "temporary_error") == (studio.job(last).state, studio.job(last).error.code)
    assert not studio.drain.is_set()


def test_while_artifacts_cannot_be_stored_no_job_is_taken_and_none_loses_a_try(services, settings):
    job = queue(services)
    app = create_app(settings, replace(services, artifacts=Outage(services.artifacts, "ping")), Instant(None))

    assert 503 == wake(app.test_client()).status_code
    assert job == services.jobs.get(job.id)


def test_checkpoints_that_cannot_be_stored_stop_no_drawing(services, studio, settings_with):
    studio.settings = settings_with(CHECKPOINT_SECONDS="0.000001")
    job = queue(services)
    artifacts = Outage(services.artifacts, "put", where=CHECKPOINT)

    studio.serve(Slow(None), SHORT, replace(services, artifacts=artifacts))

    assert (JobState.COMPLETED, 1) == (studio.job(job).state, studio.job(job).attempts)
    assert artifacts.tries > 1


def test_half_a_drawing_is_not_begun_anew_because_its_checkpoint_is_away_for_a_moment(services, studio):
    engine, job = Held(at=1), queue(services)
    studio.stop(engine)

    studio.serve(engine, LONG, replace(services, artifacts=Outage(services.artifacts, "read", times=3)))

    assert (JobState.COMPLETED, [0, 2]) == (studio.job(job).state, engine.begun)


@pytest.mark.parametrize("error", [pytest.param(None, id="away"), BUG])
def test_the_checkpoint_of_a_slices_end_is_tried_again_for_somebody_else_goes_on_from_it(services, studio, error):
    job, heir = queue(services), watched()
    artifacts = Outage(services.artifacts, "put", times=2, where=CHECKPOINT, error=error)
    studio.stop(Held(at=1), LONG, replace(services, artifacts=artifacts))

    studio.serve(heir)

    assert (JobState.COMPLETED, [2], 3) == (studio.job(job).state, heir.begun, artifacts.tries)


def test_a_checkpoint_that_cannot_be_put_holds_the_end_of_a_slice_up_for_no_longer_than_it_may(services, studio):
    artifacts, job = Outage(services.artifacts, "put", where=CHECKPOINT), queue(services)
    seconds = studio.stop(Held(at=1), SHORT, replace(services, artifacts=artifacts))

    assert artifacts.tries > 1
    assert SHORT.handover <= seconds < 5
    assert (JobState.QUEUED, 0) == (studio.job(job).state, studio.job(job).losses)


def test_who_waits_for_a_store_at_the_end_of_a_slice_hears_a_cancellation(services, studio):
    artifacts = Outage(services.artifacts, "put", where=CHECKPOINT)
    engine, job = Held(at=1), queue(services)
    drawing = studio.start(engine, replace(LONG, handover=60), replace(services, artifacts=artifacts))
    engine.hold.await_reached()
    studio.drain.set()
    engine.hold.go.set()
    eventually(lambda: artifacts.tries > 1)

    services.jobs.apply(job.id, CancelRequested())
    drawing.result(10)

    assert JobState.CANCELLED is studio.job(job).state


def test_the_end_is_told_when_the_job_store_is_back(services, studio):
    job = queue(services)
    jobs = Outage(services.jobs, "apply", times=3)

    studio.serve(Instant(None), LONG, replace(services, jobs=jobs))

    assert (JobState.COMPLETED, 4) == (studio.job(job).state, jobs.tries)
    assert ["started", "completed"] == studio.told()


def test_an_end_that_was_written_and_not_answered_is_not_undone(services, studio):
    job = queue(services)
    jobs = Outage(services.jobs, "apply", times=1, answered=True)

    studio.serve(Instant(None), LONG, replace(services, jobs=jobs))

    done = studio.job(job)
    assert (JobState.COMPLETED, 1, 2) == (done.state, done.attempts, jobs.tries)
    assert services.artifacts.stat(done.output.video.key) == done.output.video
    # recover tells of it.
    assert events.COMPLETED in [event.type for event in services.outbox.unsent(older_than=timedelta(0), limit=10)]


def test_an_end_that_nobody_hears_leaves_the_job_to_recover(services, studio, settings_with):
    studio.settings = settings_with(LEASE_SECONDS="0.1", HEARTBEAT_SECONDS="0.02")
    job = queue(services)

    studio.serve(Instant(None), SHORT, replace(services, jobs=Outage(services.jobs, "apply")))

    assert JobState.RUNNING is studio.job(job).state
    sleep(0.15)
    Sweeper(services, studio.settings).sweep()
    assert (JobState.QUEUED, 1) == (studio.job(job).state, studio.job(job).losses)


@pytest.mark.parametrize("call", ["renew", "report", "waiting"])
def test_a_job_store_that_is_away_while_drawing_stops_nothing(services, studio, call):
    engine, job = Held(), queue(services)
    drawing = studio.start(engine, LONG, replace(services, jobs=Outage(services.jobs, call)))
    engine.hold.await_reached()
    sleep(0.2)

    engine.hold.go.set()
    drawing.result(10)

    assert (JobState.COMPLETED, 1) == (studio.job(job).state, studio.job(job).attempts)


def test_a_claim_whose_answer_was_lost_is_asked_for_again_and_no_loss(services, studio, settings):
    job = queue(services)
    jobs = Outage(services.jobs, "claim", times=1, answered=True)
    client = create_app(settings, replace(services, jobs=jobs), Instant(None)).test_client()

    lost, again = wake(client), wake(client)

    assert (503, 200) == (lost.status_code, again.status_code)
    done = studio.job(job)
    assert (JobState.COMPLETED, 1, 0) == (done.state, done.attempts, done.losses)


def test_without_the_job_store_a_wake_up_is_to_come_again(services, settings):
    app = create_app(settings, replace(services, jobs=Outage(services.jobs, "claim")), Instant(None))

    answer = wake(app.test_client())

    assert (503, "1") == (answer.status_code, answer.headers["Retry-After"])


def test_a_broker_that_is_away_stops_nothing_and_recover_tells(services, studio):
    job = queue(services)
    services.publisher.down = True

    studio.serve(Instant(None))

    assert JobState.COMPLETED is studio.job(job).state
    rows = services.outbox.unsent(older_than=timedelta(0), limit=10)
    assert [events.QUEUED, events.STARTED, events.COMPLETED] == [event.type for event in rows]


class Listening:
    """A job store that notes what callers would see after each report."""

    def __init__(self, store):
        self._store = store
        self.said = []
        self.shown = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def report(self, job_id, progress):
        self._store.report(job_id, progress)
        self.said.append(progress.percent)
        self.shown.append(self._store.progress(self._store.get(job_id))[1])


def test_progress_never_goes_back_though_a_lost_checkpoint_makes_the_drawing_begin_anew(services, studio):
    jobs = Listening(services.jobs)
    away = replace(services, jobs=jobs, artifacts=Outage(services.artifacts, "put", where=CHECKPOINT))
    engine, job = Held(at=1), queue(services)
    studio.stop(engine, SHORT, away)

    studio.serve(watched(), SHORT, away)

    assert JobState.COMPLETED is studio.job(job).state
    assert jobs.said != sorted(jobs.said), "the drawing did not begin anew"
    assert jobs.shown == sorted(jobs.shown)
    assert 98 == jobs.shown[-1]

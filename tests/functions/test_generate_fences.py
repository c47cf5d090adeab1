"""Who holds a job: heartbeats, leases that are lost, and zombies that come back."""

import time
from dataclasses import replace
from datetime import timedelta

from functions.generate.patience import Patience
from shared.core import keys
from shared.core.job import CancelRequested, JobState, LeaseExpired
from tests.engines.instant import Instant
from tests.engines.slow import Slow
from tests.functions.jobs import queue
from tests.functions.studio import Held, Hold, Studio, eventually
from tests.stores import REQUEST

STEPS = REQUEST.num_inference_steps


class HeldPuts:
    """An artifact store that waits before it keeps a video."""

    def __init__(self, store, hold):
        self._store = store
        self._hold = hold

    def __getattr__(self, name):
        return getattr(self._store, name)

    def put(self, key, source, content_type):
        if key.endswith("video.mp4"):
            self._hold.here()
        return self._store.put(key, source, content_type)


def test_a_zombies_result_is_refused_and_the_winners_is_served(services, studio, settings):
    hold, job = Hold(), queue(services)
    zombie = studio.start(Instant(None), services=replace(services, artifacts=HeldPuts(services.artifacts, hold)))
    hold.await_reached()
    stale = studio.job(job).attempt
    services.jobs.apply(job.id, LeaseExpired(stale))
    Studio(services, settings, studio._pool).serve(Instant(None))
    won = studio.job(job)

    hold.go.set()
    zombie.result(10)

    assert won == studio.job(job)
    assert (JobState.COMPLETED, 2, 1) == (won.state, won.attempts, won.losses)
    assert stale not in won.output.video.key
    assert won.output.video == services.artifacts.stat(won.output.video.key)
    assert services.artifacts.stat(keys.artifact_key(job.tenant, job.id, stale, "video.mp4"))
    assert 1 == studio.told().count("completed")


def test_an_attempt_that_lost_its_lease_stops_at_the_next_step(services, studio):
    engine = Held(at=1)
    job = queue(services, request=replace(REQUEST, num_inference_steps=100))
    drawing = studio.start(engine)
    engine.hold.await_reached()
    services.jobs.apply(job.id, LeaseExpired(studio.job(job).attempt))
    mine = services.jobs.claim("mine", timedelta(seconds=60))
    time.sleep(0.2)

    engine.hold.go.set()
    drawing.result(10)

    assert mine == studio.job(job)
    assert 2 == engine.steps
    assert studio.checkpoint(job) is None


def test_a_zombie_leaves_nothing_behind_a_job_that_is_gone(services, studio):
    hold, job = Hold(), queue(services)
    zombie = studio.start(Instant(None), services=replace(services, artifacts=HeldPuts(services.artifacts, hold)))
    hold.await_reached()
    services.jobs.apply(job.id, CancelRequested())
    services.jobs.apply(job.id, LeaseExpired(studio.job(job).attempt))
    services.jobs.discard(job.id)
    services.jobs.forget(job.id)

    hold.go.set()
    zombie.result(10)

    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_a_heartbeat_holds_a_job_for_longer_than_its_lease(services, studio, settings_with):
    studio.settings = settings_with(LEASE_SECONDS="0.4", HEARTBEAT_SECONDS="0.05")
    engine, job = Held(), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()
    time.sleep(1.2)

    assert [] == services.jobs.expired_leases(10)
    engine.hold.go.set()
    drawing.result(10)
    assert (JobState.COMPLETED, 1, 0) == (studio.job(job).state, studio.job(job).attempts, studio.job(job).losses)


def test_a_long_drawing_is_no_model_that_hangs(services, studio):
    job = queue(services, request=replace(REQUEST, num_inference_steps=6))

    studio.serve(Slow(None), Patience(step=0.8))

    assert (JobState.COMPLETED, 1) == (studio.job(job).state, studio.job(job).attempts)


def test_a_model_that_hangs_loses_its_job_and_gets_no_other(services, studio, settings_with):
    studio.settings = settings_with(LEASE_SECONDS="0.2", HEARTBEAT_SECONDS="0.02")
    engine, job, other = Held(), queue(services), queue(services)
    drawing = studio.start(engine, Patience(step=0.1))
    [holding] = eventually(lambda: services.jobs.expired_leases(10))
    services.jobs.apply(job.id, LeaseExpired(holding.attempt))

    engine.hold.go.set()
    drawing.result(10)

    assert studio.drain.is_set()
    assert (JobState.QUEUED, 1) == (studio.job(job).state, studio.job(job).losses)
    assert other == studio.job(other)

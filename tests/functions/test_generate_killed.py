"""generate dies in the middle of a drawing, at any step of it, and the next one goes on from the last checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.generate.mochi import checkpoint
from functions.recover.handler import Sweeper
from shared.core import keys
from shared.core.job import JobState, LeaseExpired
from tests.engines.instant import Instant
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.integration.mochi_drawings import engine_in
from tests.stores import REQUEST

STEPS = 5
SMALL = replace(REQUEST, width=64, height=48, num_frames=7, num_inference_steps=STEPS)


class Killed(BaseException):
    """What no code can catch, or nearly so."""


class MortalDrawing:
    """Passes everything on to the real one, until its hour has come."""

    def __init__(self, drawing, engine):
        self._drawing = drawing
        self._engine = engine
        self.first_step = drawing.step

    def __getattr__(self, name):
        return getattr(self._drawing, name)

    def advance(self):
        if self.step == self._engine.dies_at:
            self._engine.last_words(self)
            raise Killed
        self._drawing.advance()
        self._engine.steps += 1


class Mortal:
    """Dies once, in the step after `dies_at`. Knows what it drew."""

    device = "cpu"

    def __init__(self, engine, dies_at=None, last_words=lambda drawing: None):
        self._engine = engine
        self.dies_at = dies_at
        self.last_words = last_words
        self.begun = []
        self.steps = 0

    def begin(self, request, checkpoint=None):
        drawing = MortalDrawing(self._engine.begin(request, checkpoint), self)
        self.begun.append(drawing.step)
        return drawing


def step_of(data):
    """Where a checkpoint of Mochi's or of Instant's stands; 0: there is none."""
    if data is None:
        return 0
    return json.loads(data)["step"] if data.startswith(b"{") else checkpoint._metadata(data)["step"]


def die(studio, job, engine):
    """Draw until death; the step of the checkpoint that is left."""
    with pytest.raises(Killed):
        studio.serve(engine)
    # A write that was under way has come through or not; what is read is whole.
    left = step_of(studio.checkpoint(job))
    studio.services.jobs.apply(job.id, LeaseExpired(studio.job(job).attempt))
    return left


@pytest.fixture(scope="module")
def mochi(tmp_path_factory):
    engine = engine_in(tmp_path_factory.mktemp("weights"))
    engine.setup()
    return engine


@pytest.mark.parametrize("dies_at", range(STEPS))
def test_killed_in_any_step_the_next_one_draws_only_what_is_missing_and_the_same_video(
    services, studio, settings_with, mochi, dies_at
):
    studio.settings = settings_with(CHECKPOINT_SECONDS="0.000001")
    whole = queue(services, request=SMALL)
    studio.serve(Mortal(mochi))
    job = queue(services, request=SMALL)

    def stored(drawing):
        eventually(lambda: step_of(studio.checkpoint(job)) == drawing.step)

    assert dies_at == die(studio, job, Mortal(mochi, dies_at, stored))
    heir = Mortal(mochi)
    studio.serve(heir)

    done = studio.job(job)
    assert (JobState.COMPLETED, 2, 1) == (done.state, done.attempts, done.losses)
    assert ([dies_at], STEPS - dies_at) == (heir.begun, heir.steps)
    assert (studio.job(whole).output.video.sha256, dies_at) == (done.output.video.sha256, done.output.resumed_from)


class Deadly:
    """An ArtifactStore whose caller dies when something is put, before or behind it."""

    def __init__(self, artifacts, where, *, stored):
        self._artifacts = artifacts
        self._where = where
        self._stored = stored

    def __getattr__(self, name):
        return getattr(self._artifacts, name)

    def put(self, key, *words):
        if key.endswith(self._where):
            if self._stored:
                self._artifacts.put(key, *words)
            raise Killed
        return self._artifacts.put(key, *words)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("where", ["video.mp4", "thumbnail.webp", "spritesheet.jpg"])
def test_killed_while_it_uploads_the_next_one_uploads_all_and_nothing_outlives_the_job(
    services, studio, settings_with, where, stored
):
    studio.settings = settings_with(CHECKPOINT_SECONDS="0.000001")
    job = queue(services, request=SMALL)
    studio.services = replace(services, artifacts=Deadly(services.artifacts, where, stored=stored))
    left = die(studio, job, Instant(None))
    studio.services, heir = services, Mortal(Instant(None))

    studio.serve(heir)

    done = studio.job(job)
    assert (JobState.COMPLETED, 2, 1) == (done.state, done.attempts, done.losses)
    assert ([left], STEPS - left) == (heir.begun, heir.steps)
    assert studio.checkpoint(job) is None
    files = done.output.video, done.output.thumbnail, done.output.spritesheet
    assert [*files] == [services.artifacts.stat(file.key) for file in files]
    services.jobs.discard(job.id)
    Sweeper(services, studio.settings).sweep()
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    deaths=st.lists(st.integers(0, 19), max_size=4),
    every=st.sampled_from(["0.000001", "0.0005", "0.002", "30"]),
)
def test_killed_again_and_again_at_any_time_each_goes_on_from_what_the_last_one_left(
    services, studio, settings_with, deaths, every
):
    studio.settings = settings_with(CHECKPOINT_SECONDS=every)
    job = queue(services, request=replace(SMALL, num_inference_steps=20), max_losses=10)
    left = 0

    for dies_at in deaths:
        if dies_at < left:
            continue  # it is past that already
        engine = Mortal(Instant(None), dies_at)
        before, left = left, die(studio, job, engine)
        assert [before] == engine.begun
        assert before <= left <= dies_at
    heir = Mortal(Instant(None))
    studio.serve(heir)

    assert JobState.COMPLETED is studio.job(job).state
    assert ([left], 20 - left) == (heir.begun, heir.steps)
    assert studio.checkpoint(job) is None

"""The real model is stopped between two of its steps, within the time that is promised."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest

from functions.generate.handler import Painter
from shared import wiring
from shared.core.job import CancelRequested, JobState
from shared.core.progress import Phase
from shared.settings import Settings
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.integration.mochi_drawings import REQUEST, engine_in

PROMISE = 5.0
"""Seconds; see tests/functions/test_cancel.py."""
pytestmark = pytest.mark.filterwarnings("ignore:In CPU autocast, but the target dtype is not supported")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = engine_in(tmp_path_factory.mktemp("weights"))
    engine.setup()
    return engine


@pytest.fixture
def services():
    """With the heartbeat and lease that production has."""
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    settings = Settings.from_env(places)
    built = wiring.build(settings)
    yield built, settings
    built.close()


def test_a_cancelled_drawing_of_the_real_model_frees_its_place_in_time(engine, services):
    built, settings = services
    job = queue(built, request=replace(REQUEST, num_inference_steps=100))
    painter = Painter(built, engine, settings, drain=Event())
    with ThreadPoolExecutor() as pool:
        serving = pool.submit(painter.serve)
        eventually(lambda: _denoising(built, job.id), timeout=60)
        assert JobState.CANCELLING is built.jobs.apply(job.id, CancelRequested()).state
        began = time.monotonic()
        serving.result(60)

    assert time.monotonic() - began < PROMISE
    assert JobState.CANCELLED is built.jobs.get(job.id).state


def _denoising(services, job_id):
    present, _ = services.jobs.progress(services.jobs.get(job_id))
    return present is not None and present.phase is Phase.DENOISING

"""Previews: made while it is drawn, shown to their owner, and gone with the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from functions.generate.preview import Previews, webp
from functions.submit.app import create_app
from shared.core import keys
from shared.core.errors import OutOfMemory
from shared.core.job import CancelRequested, JobState
from shared.core.terms import Terms
from tests.engines.instant import Instant, InstantDrawing
from tests.engines.slow import Slow
from tests.functions.jobs import queue
from tests.functions.outage import Outage
from tests.functions.studio import SHORT, Held, eventually, watched
from tests.stores import REQUEST

WANTED = Terms(preview=True)


@pytest.fixture
def look(client, auth):
    def look(job, **headers):
        return client.get(f"/v1/videos/{job.id}/preview", headers=auth | headers)

    return look


def test_who_asks_for_previews_sees_one_after_the_first_step_and_none_when_it_is_over(services, studio, look):
    engine, job = Held(at=1), queue(services, terms=WANTED)
    assert (204, b"") == (look(job).status_code, look(job).data)
    drawing = studio.start(engine)
    engine.hold.await_reached()

    seen = eventually(lambda: (found := look(job)).status_code == 200 and found)

    assert "image/webp" == seen.content_type
    assert "WEBP" == Image.open(BytesIO(seen.data)).format
    assert 304 == look(job, **{"If-None-Match": seen.headers["ETag"]}).status_code
    engine.hold.go.set()
    drawing.result(10)
    assert (204, b"") == (look(job).status_code, look(job).data)
    assert 0 == services.artifacts.delete(keys.preview_key(job.tenant, job.id))


def test_between_two_slices_it_is_still_shown(services, studio, look):
    engine, job = Held(at=1), queue(services, terms=WANTED)
    drawing = studio.start(engine)
    engine.hold.await_reached()
    studio.drain.set()
    engine.hold.go.set()
    drawing.result(10)

    assert (JobState.QUEUED, 200) == (studio.job(job).state, look(job).status_code)


def test_a_cancelled_one_is_gone(services, studio, look):
    job = queue(services, terms=WANTED, request=replace(REQUEST, num_inference_steps=100))
    drawing = studio.start(Slow(None))
    eventually(lambda: look(job).status_code == 200)
    services.jobs.apply(job.id, CancelRequested())
    drawing.result(10)

    assert 204 == look(job).status_code
    assert 0 == services.artifacts.delete(keys.job_prefix(job.tenant, job.id))


def test_another_tenants_preview_is_not_found_and_nobody_sees_one_without_a_key(services, look, client):
    theirs = queue(services, tenant="eve")
    services.artifacts.put(keys.preview_key("eve", theirs.id), b"webp", "image/webp")
    assert (404, 404) == (look(theirs).status_code, look(replace(theirs, id="video_none")).status_code)
    assert 401 == client.get(f"/v1/videos/{theirs.id}/preview").status_code


def test_while_the_artifacts_are_away_it_is_503_and_no_drawing_fails(services, studio, settings, auth):
    job, drawn = queue(services, terms=WANTED), queue(services, terms=WANTED)
    away = replace(services, artifacts=Outage(services.artifacts, "read"))
    answer = create_app(settings, away).test_client().get(f"/v1/videos/{job.id}/preview", headers=auth)
    assert 503 == answer.status_code

    puts = Outage(services.artifacts, "put", where="preview.webp")
    studio.serve(Instant(None), SHORT, replace(services, artifacts=puts))
    assert [JobState.COMPLETED] * 2 == [studio.job(j).state for j in (job, drawn)]
    assert puts.tries > 0


class NoPreview(Instant):
    class drawing(InstantDrawing):  # noqa: N801
        def preview(self):
            raise OutOfMemory("no memory left for a preview")


def test_a_preview_for_which_there_is_no_memory_costs_nothing(services, studio, caplog):
    job = queue(services, terms=WANTED)
    studio.serve(NoPreview(None))
    assert (JobState.COMPLETED, 1) == (studio.job(job).state, studio.job(job).attempts)
    assert "no preview" in caplog.text


class Shelf:
    def __init__(self):
        self.shown = []

    def show(self, preview, step):
        self.shown.append(preview)


@pytest.mark.parametrize(
    ("asked", "every", "first"), [(Terms().preview_every, 5, 0), (timedelta(seconds=7), 7, 0), (None, 30, 30)]
)
def test_they_come_at_their_rhythm_whatever_the_steps(asked, every, first):
    time, shelf, drawing = [0.0], Shelf(), InstantDrawing(REQUEST)
    previews = Previews(shelf, asked=asked, clock=lambda: time[0])
    came = []
    for second in range(100):
        time[0] = float(second)
        previews.after_step(drawing)
        if len(shelf.shown) > len(came):
            came.append(second)
    assert list(range(first, 100, every)) == came


@pytest.mark.parametrize(
    ("size", "expected"), [((60, 106), (424, 240)), ((106, 60), (240, 424)), ((8, 12), (424, 283))]
)
def test_it_is_enlarged_and_keeps_its_shape(size, expected):
    picture = watched().begin(REQUEST).preview()[:1, :1].repeat(size[0], 0).repeat(size[1], 1)
    data = webp(picture)
    assert expected == Image.open(BytesIO(data)).size
    assert len(data) < 20_000

"""Previews among a video's events, and how many may follow."""

from __future__ import annotations

import threading

import pytest

from functions.submit.event_stream import EventStream
from functions.submit.handler import Videos
from functions.submit.live import Live
from functions.submit.lookout import Lookout
from functions.submit.watcher import Sight, Watcher
from shared.core.access import Caller
from shared.core.errors import Busy
from shared.core.ids import new_attempt_id
from shared.core.progress import Phase, Progress
from shared.core.standing import Mark, Standing
from shared.core.terms import Terms
from tests.engines.slow import Slow
from tests.functions.jobs import queue
from tests.server_sent import events
from tests.stores import LEASE

ADA, BOB = Caller("ada", "0a1b2c3d"), Caller("bob", "0a1b2c3e")


class Told(Watcher):
    """Is told these sights, one after the other."""

    def __init__(self, sights):
        super().__init__("video_x", lambda _: None)
        self._sights = list(sights)

    def next(self, seconds):
        self.over = not self._sights
        return self._sights.pop(0) if self._sights else None


@pytest.fixture
def sight(services, settings):
    """A running job after so many steps, with the preview of one of them."""
    queue(services)
    job = services.jobs.claim(new_attempt_id(), LEASE)

    def seen(step, preview=None):
        progress = Progress(attempt=job.attempt, phase=Phase.DENOISING, step=step, total_steps=9, preview_step=preview)
        return Sight(Standing(job, progress), Videos(services, settings).shown)

    return seen


def story(first, *sights, known=None):
    stream = EventStream(Told(sights), first, known, seconds=60)
    told = events(text.encode() for text in stream)
    return [(message.event, message.data["step"], bool(message.id)) for message in told]


def test_a_new_preview_is_told_once_behind_the_progress_that_came_with_it(sight):
    assert [
        ("state", 1, True), ("progress", 2, True), ("preview", 1, False), ("progress", 3, True),
        ("progress", 4, True), ("preview", 3, False),
    ] == story(sight(1), sight(2, 1), sight(3, 1), sight(4, 3))  # fmt: skip


def test_who_begins_in_the_middle_is_told_of_the_preview_that_is_there(sight):
    assert [("state", 5, True), ("preview", 4, False)] == story(sight(5, 4))


def test_who_comes_back_and_missed_nothing_is_told_of_the_next_preview_only(sight):
    had = sight(5, 4)

    assert [("progress", 6, True), ("preview", 6, False)] == story(had, sight(6, 6), known=Mark.of(had.standing))


def test_a_preview_that_can_be_seen_is_told_of_with_its_address(client, auth, services, studio):
    job = queue(services, terms=Terms(preview=True))
    told = client.get(f"/v1/videos/{job.id}/events", headers=auth)
    drawing = studio.start(Slow(None))

    preview = next(message for message in events(told.response) if message.event == "preview")

    assert (job.id, f"/v1/videos/{job.id}/preview") == (preview.data["id"], preview.data["url"])
    assert preview.data["step"] >= 1
    drawing.result(20)
    told.close()


def test_a_tenant_may_take_so_many_places_and_no_more_and_gets_them_back(services, settings):
    videos = Videos(services, settings)
    lookout = Lookout(services.jobs, services.changes, videos.shown, threading.Event(), places=5, each=2)
    live = Live(videos, lookout, settings.request_timeout)
    mine, theirs = queue(services, tenant="ada"), queue(services, tenant="bob")
    streams = [live.open(ADA, mine.id) for _ in range(2)]

    with pytest.raises(Busy, match="you watch 2 times already"):
        live.open(ADA, mine.id)

    streams += [live.open(BOB, theirs.id)]
    streams.pop(0).close()
    streams += [live.open(ADA, mine.id)]
    for stream in streams:
        stream.close()

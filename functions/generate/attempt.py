"""One attempt at one video: begin or resume, step by step, then encode, check and upload."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

from functions.generate import looks, playback
from functions.generate.encode import encode
from functions.generate.engine import Drawing, Frames, VideoEngine
from functions.generate.heartbeat import Heartbeat
from functions.generate.narrator import Narrator
from functions.generate.overlap import overlapped
from functions.generate.patience import Patience
from functions.generate.preview import Previews
from functions.generate.provenance import Seal
from functions.generate.shelf import Shelf
from functions.generate.slice import Slice
from functions.generate.spritesheet import Spritesheet
from functions.generate.stopwatch import Lap, Stopwatch
from functions.generate.thumbnail import MiddleFrame, thumbnail
from functions.generate.workfolder import workfolder
from shared.core.change import TIMEOUT
from shared.core.errors import Unavailable
from shared.core.job import Cancelled, Change, Failed, Job, Yielded
from shared.core.output import Output
from shared.core.progress import Phase, Progress
from shared.core.timings import Timings
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)

REPORT_EVERY: Final = 0.5
"""Seconds between two reports of the same phase."""


class Interrupted(Exception):
    """The drawing stopped before its end; `change` is what to say of it, None: nothing any more."""

    def __init__(self, change: Change | None) -> None:
        super().__init__(type(change).__name__)
        self.change = change


class Attempt:
    """Draws one claimed job. Between two steps it looks whether to go on."""

    def __init__(
        self,
        *,
        services: Services,
        engine: VideoEngine,
        settings: Settings,
        job: Job,
        waited: Timings,
        heartbeat: Heartbeat,
        narrator: Narrator,
        patience: Patience,
        drain: Event,
        end: float,
        seal: Seal | None = None,
    ) -> None:
        assert job.attempt is not None
        self._services = services
        self._engine = engine
        self._settings = settings
        self._job = job
        self._attempt = job.attempt
        self._seal = seal
        self._watch = Stopwatch(waited)
        self._heartbeat = heartbeat
        self._narrator = narrator
        # By the store's clock: the job changed last when we claimed it.
        left = None if job.deadline is None else (job.deadline - job.changed_at).total_seconds()
        self._deadline = None if left is None else time.monotonic() + left
        self._slice = Slice(services.jobs, job, drain=drain, end=end, patience=patience)
        self.shelf = Shelf(services, job, patience, self._look)
        self._previews = Previews(self.shelf, asked=job.terms.preview_every if job.terms.preview else None)
        self._first_step = 0
        self._reported = (Phase.LOADING, 0.0)

    def draw(self) -> Output:
        """The stored and checked video.

        Raises:
            Interrupted: Cancelled, lost, or out of time; in the last case a checkpoint is stored.
            DrawingFailed: The result is not a video, and would not be next time.
            TemporaryError: Something was away or full; the next attempt may do better.
        """
        with self.shelf, workfolder() as folder:
            with self._watch.lap(Lap.PROMPT):
                kept = self.shelf.checkpoint()
                if kept is None:  # else the step is known when it was read, and is never 0 before that
                    self._report(Phase.ENCODING, 0)
                drawing = self._engine.begin(self._job.request, kept)
            self._first_step = drawing.step
            if drawing.step:
                log.info("resumed", extra={"job": self._job.id, "step": drawing.step})
                self._report(Phase.DENOISING, drawing.step)
            self._denoise(drawing)
            self._look()
            return self._store(drawing, folder)

    def _denoise(self, drawing: Drawing) -> None:
        """Every step that is left, or as many as the slice has time for."""
        saved_at = time.monotonic()
        while drawing.step < drawing.total_steps:
            self._look()
            if self._slice.is_over(drawing):
                if drawing.step > self._first_step:
                    self.shelf.hand_over(drawing.checkpoint(), drawing.step)
                raise Interrupted(Yielded(self._attempt))
            if time.monotonic() - saved_at >= self._settings.checkpoint.total_seconds():
                self.shelf.keep(drawing.checkpoint(), drawing.step)
                saved_at = time.monotonic()
            with self._watch.lap(Lap.DENOISE):
                drawing.advance()
            self._report(Phase.DENOISING, drawing.step)
            self._previews.after_step(drawing)

    def _look(self) -> None:
        """Whether anybody still wants the video of us."""
        self._heartbeat.moved()
        self._heartbeat.ask()
        if self._heartbeat.lost.is_set():
            raise Interrupted(None)
        if self._heartbeat.cancelled.is_set():
            raise Interrupted(Cancelled(self._attempt))
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise Interrupted(Failed(self._attempt, TIMEOUT))

    def _store(self, drawing: Drawing, folder: Path) -> Output:
        request = self._job.request
        self._report(Phase.DECODING, drawing.step)
        movie, still, sheet = folder / "video.mp4", folder / "thumbnail.webp", folder / "spritesheet.jpg"
        middle, look = MiddleFrame(request.num_frames), looks.Looks()
        sprites = Spritesheet(num_frames=request.num_frames, width=request.width, height=request.height)
        with self._watch.lap(Lap.ENCODE):
            crf = self._job.terms.crf
            pictures = sprites.watch(middle.watch(look.watch(self._frames(drawing))))
            overlapped(pictures, lambda chunks: encode(chunks, movie, request, crf=crf, preset=drawing.preset))
            look.check()
            if self._seal is not None:
                self._seal.put_on(movie, request, drawing.preset)
            facts = playback.examine(movie)
            playback.check(facts, request)
            assert middle.picture is not None
            still.write_bytes(thumbnail(middle.picture))
            sheet.write_bytes(sprites.jpeg())
        self._look()
        self._report(Phase.UPLOADING, drawing.step)
        with self._watch.lap(Lap.UPLOAD):
            video = self.shelf.upload(movie, "video/mp4")
            thumb = self.shelf.upload(still, "image/webp")
            spritesheet = self.shelf.upload(sheet, "image/jpeg")
        return Output(
            video=video,
            thumbnail=thumb,
            spritesheet=spritesheet,
            grid=sprites.grid,
            width=facts.width,
            height=facts.height,
            num_frames=facts.num_frames,
            fps=request.fps,
            codec=facts.codec,
            checks=(*looks.CHECKS, *playback.CHECKS),
            timings=self._watch.timings,
            resumed_from=self._first_step,
            gpu=self._engine.device,
        )

    def _frames(self, drawing: Drawing) -> Iterator[Frames]:
        """The pictures, for as long as somebody wants them."""
        chunks = drawing.decode()
        while True:
            with self._watch.lap(Lap.DECODE):
                chunk = next(chunks, None)
            if chunk is None:
                return
            self._look()
            yield chunk

    def _report(self, phase: Phase, step: int) -> None:
        """Say how far we are; each new phase at once, steps now and then. Worth no failure either."""
        last_phase, last_at = self._reported
        if phase is last_phase and time.monotonic() - last_at < REPORT_EVERY:
            return
        self._reported = (phase, time.monotonic())
        progress = Progress(
            attempt=self._attempt,
            phase=phase,
            step=step,
            total_steps=self._job.request.num_inference_steps,
            resumed_from=self._first_step,
            timings=self._watch.timings,
            gpu=self._engine.device,
            preview_step=self.shelf.shown,
        )
        self._narrator.say(progress)
        try:
            self._services.jobs.report(self._job.id, progress)
        except Unavailable as error:
            log.debug("progress not reported", extra={"job": self._job.id, "error": error})

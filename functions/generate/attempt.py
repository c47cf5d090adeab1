"""One attempt at one video: begin or resume, step by step, then encode, check and upload."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Final, TypeVar

from functions.generate import playback
from functions.generate.encode import encode
from functions.generate.engine import Drawing, Frames, VideoEngine
from functions.generate.heartbeat import Heartbeat
from functions.generate.patience import Patience
from functions.generate.spritesheet import Spritesheet
from functions.generate.stopwatch import Lap, Stopwatch
from functions.generate.thumbnail import MiddleFrame, thumbnail
from functions.generate.workfolder import workfolder
from shared.core import keys
from shared.core.errors import NotFound, Unavailable
from shared.core.job import Cancelled, Change, Job, Yielded
from shared.core.output import Artifact, Output
from shared.core.progress import Phase, Progress
from shared.core.timings import Timings
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)
T = TypeVar("T")

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
        patience: Patience,
        drain: Event,
        end: float,
    ) -> None:
        assert job.attempt is not None
        self._services = services
        self._engine = engine
        self._settings = settings
        self._job = job
        self._attempt = job.attempt
        self._watch = Stopwatch(waited)
        self._heartbeat = heartbeat
        self._patience = patience
        self._drain = drain
        self._end = end
        self._checkpoint = keys.checkpoint_key(job.tenant, job.id)
        self._checkpointed = job.attempts > 1
        self._first_step = 0
        self._reported = (Phase.LOADING, 0.0)

    def draw(self) -> Output:
        """The stored and checked video.

        Raises:
            Interrupted: Cancelled, lost, or out of time; in the last case a checkpoint is stored.
            DrawingFailed: The result is not a video, and would not be next time.
            TemporaryError: Something was away; the next attempt may do better.
        """
        self._report(Phase.ENCODING, 0)
        with self._watch.lap(Lap.PROMPT):
            drawing = self._engine.begin(self._job.request, self._resumable())
        self._first_step = drawing.step
        if drawing.step:
            log.info("resumed", extra={"job": self._job.id, "step": drawing.step})
        self._denoise(drawing)
        self._look()
        with workfolder() as folder:
            return self._store(drawing, Path(folder))

    def _denoise(self, drawing: Drawing) -> None:
        """Every step that is left, or as many as there is time for."""
        first, saved_at = drawing.step, time.monotonic()
        while drawing.step < drawing.total_steps:
            self._look()
            gained = drawing.step > first
            # Each slice gains a step, or a job whose beginning takes a whole one would go round for ever.
            if self._drain.is_set() or (gained and time.monotonic() > self._end):
                if gained:
                    self._save(drawing)
                raise Interrupted(Yielded(self._attempt))
            if time.monotonic() - saved_at >= self._settings.checkpoint.total_seconds():
                self._save(drawing)
                saved_at = time.monotonic()
            with self._watch.lap(Lap.DENOISE):
                drawing.advance()
            self._report(Phase.DENOISING, drawing.step)

    def tidy(self) -> None:
        """Remove the checkpoint of a job that is over. What stays goes with the job's record."""
        if self._checkpointed:
            self._remove(self._checkpoint)

    def vanish(self) -> None:
        """Remove what was stored for a job whose record is gone: recover, which removed both, was here before us."""
        try:
            self._services.jobs.get(self._job.id)
        except NotFound:
            self._remove(keys.job_prefix(self._job.tenant, self._job.id))
        except Unavailable as error:
            log.debug("job not looked for", extra={"job": self._job.id, "error": error})

    def _remove(self, prefix: str) -> None:
        try:
            self._services.artifacts.delete(prefix)
        except Unavailable as error:
            log.warning("artifacts not removed", extra={"job": self._job.id, "error": error})

    def _look(self) -> None:
        """Whether anybody still wants the video of us."""
        self._heartbeat.moved()
        if self._heartbeat.lost.is_set():
            raise Interrupted(None)
        if self._heartbeat.cancelled.is_set():
            raise Interrupted(Cancelled(self._attempt))

    def _store(self, drawing: Drawing, folder: Path) -> Output:
        request = self._job.request
        self._report(Phase.DECODING, drawing.step)
        movie, still, sheet = folder / "video.mp4", folder / "thumbnail.webp", folder / "spritesheet.jpg"
        middle = MiddleFrame(request.num_frames)
        sprites = Spritesheet(num_frames=request.num_frames, width=request.width, height=request.height)
        with self._watch.lap(Lap.ENCODE):
            encode(sprites.watch(middle.watch(self._frames(drawing))), movie, request, crf=self._job.terms.crf)
            facts = playback.examine(movie)
            playback.check(facts, request)
            assert middle.picture is not None
            still.write_bytes(thumbnail(middle.picture))
            sheet.write_bytes(sprites.jpeg())
        self._look()
        self._report(Phase.UPLOADING, drawing.step)
        with self._watch.lap(Lap.UPLOAD):
            video = self._upload(movie, "video/mp4")
            thumb = self._upload(still, "image/webp")
            spritesheet = self._upload(sheet, "image/jpeg")
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
            checks=playback.CHECKS,
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

    def _upload(self, path: Path, content_type: str) -> Artifact:
        key = keys.artifact_key(self._job.tenant, self._job.id, self._attempt, path.name)
        return self._patiently(lambda: self._services.artifacts.put(key, path, content_type))

    def _resumable(self) -> bytes | None:
        """The checkpoint that an earlier attempt left, if there is one."""
        if not self._checkpointed:
            return None
        try:
            return self._patiently(lambda: b"".join(self._services.artifacts.read(self._checkpoint)))
        except NotFound:
            return None

    def _patiently(self, call: Callable[[], T]) -> T:
        """An artifact store that is away for a while must cost neither a finished drawing nor half of one."""
        give_up = time.monotonic() + self._patience.artifacts
        while True:
            try:
                return call()
            except Unavailable as error:
                if time.monotonic() > give_up:
                    raise
                log.warning("waiting for the artifact store", extra={"job": self._job.id, "error": error})
            time.sleep(self._patience.artifacts_pause)
            self._look()

    def _save(self, drawing: Drawing) -> None:
        """Store a checkpoint. Without it the next attempt draws more steps again; it is worth no failure."""
        try:
            self._services.artifacts.put(self._checkpoint, drawing.checkpoint(), "application/octet-stream")
        except Unavailable as error:
            log.warning("checkpoint not stored", extra={"job": self._job.id, "step": drawing.step, "error": error})
        else:
            self._checkpointed = True
            log.info("checkpoint stored", extra={"job": self._job.id, "step": drawing.step})

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
        )
        try:
            self._services.jobs.report(self._job.id, progress)
        except Unavailable as error:
            log.debug("progress not reported", extra={"job": self._job.id, "error": error})

"""Claims jobs and draws them, one at a time. Knows no Flask and no model."""

from __future__ import annotations

import logging
import time
from threading import Event, Lock
from typing import Final

from functions.generate.attempt import Attempt, Interrupted
from functions.generate.awakening import Awakening
from functions.generate.engine import VideoEngine
from functions.generate.heartbeat import Heartbeat
from functions.generate.learning import learn
from functions.generate.narrator import Narrator
from functions.generate.patience import Patience
from functions.generate.provenance import Seal
from shared.core import effects, events
from shared.core.errors import (
    Busy,
    DrawingFailed,
    IllegalChange,
    ModelUnavailable,
    NoSpace,
    NotFound,
    OutOfMemory,
    TemporaryError,
    Unavailable,
)
from shared.core.ids import new_attempt_id
from shared.core.job import Change, Completed, Failed, Job, JobError, Released
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

SLICE: Final = 0.9
"""Share of the request's time limit after which no new step is begun: the rest is for the way out."""


class Painter:
    """One GPU's worth of work. A wake-up is served by drawing whatever is best in the queue."""

    def __init__(
        self,
        services: Services,
        engine: VideoEngine,
        settings: Settings,
        *,
        drain: Event,
        patience: Patience | None = None,
        awakening: Awakening | None = None,
        seal: Seal | None = None,
    ) -> None:
        """`drain` says that the process must stop; it is also set here, when the engine is past use.

        `awakening` tells when the engine became ready; by default now.
        """
        self._services = services
        self._engine = engine
        self._settings = settings
        self._drain = drain
        self._patience = patience or Patience()
        self._awakening = awakening or Awakening(0.0)
        self._seal = seal
        self._gpu = Lock()
        self._next_attempt = new_attempt_id()
        self._broke_on: str | None = None

    def serve(self) -> None:
        """Draw queued jobs until there are none, the time slice is over or the process must stop.

        Raises:
            Busy: A drawing is going on, or none may begin. A request that timed out at Knative leaves us drawing.
            Unavailable: A store is away, and no job was taken.
        """
        if self._drain.is_set():
            raise Busy("this process is stopping", retry_after=5)
        if not self._gpu.acquire(blocking=False):
            raise Busy("this GPU is drawing", retry_after=5)
        try:
            end = time.monotonic() + self._settings.request_timeout.total_seconds() * SLICE
            while not self._drain.is_set() and time.monotonic() < end:
                job = self._claim()
                if job is None:
                    return
                self._draw(job, end)
            self._ring()
        finally:
            self._gpu.release()

    def _claim(self) -> Job | None:
        """The best queued job. When an answer is lost, the next call speaks for the same attempt and gets its job.

        Raises:
            Unavailable: Of one of the stores: a drawing that cannot be kept would cost its job a try.
        """
        self._services.artifacts.ping()
        job = self._services.jobs.claim(self._next_attempt, self._settings.lease)
        self._next_attempt = new_attempt_id()
        return job

    def _ring(self) -> None:
        """We stop with work left, whose own wake-ups may be long lost: have another request begin now."""
        try:
            if self._services.jobs.depth().paused:
                return
            for job_id in self._services.jobs.waiting(1):
                self._services.publisher.publish(events.wake_up(job_id, self._services.jobs.now()))
        except Unavailable as error:
            log.warning("bell not rung now, recover will", extra={"error": error})

    def _draw(self, job: Job, end: float) -> None:
        assert job.attempt is not None
        log.info("drawing", extra={"job": job.id, "attempt": job.attempt, "model": job.request.model})
        if (waited := effects.wait(job)) is not None:
            metrics.QUEUE_SECONDS.labels(job.request.model).observe(waited.total_seconds())
        with (
            Heartbeat(
                self._services.jobs, job, self._settings, patience=self._patience, drain=self._drain
            ) as heartbeat,
            Narrator(self._services, job) as narrator,
        ):
            self._services.announce(job)
            run = Attempt(
                services=self._services,
                engine=self._engine,
                settings=self._settings,
                job=job,
                waited=self._awakening.felt_by(job),
                heartbeat=heartbeat,
                narrator=narrator,
                patience=self._patience,
                drain=self._drain,
                end=end,
                seal=self._seal,
            )
            change = self._outcome(job, job.attempt, run)
            after = self._settle(job, change) if change else None
        if after is None:
            run.shelf.vanish()
        elif after.state.is_final:
            run.shelf.tidy()

    def _outcome(self, job: Job, attempt: str, run: Attempt) -> Change | None:
        """What to say of the attempt when it is over; None when nobody wants to hear it."""
        try:
            output = run.draw()
        except Interrupted as stop:
            return stop.change
        except DrawingFailed as error:
            return Failed(attempt, JobError(error.code, str(error)))
        except ModelUnavailable as error:
            log.error("model unavailable", extra={"job": job.id, "error": error})  # noqa: TRY400 - no bug
            return Failed(attempt, JobError("model_unavailable", self._lacking(job)))
        except TemporaryError as error:
            log.warning("attempt released", extra={"job": job.id, "error": error})
            return Released(attempt, _error_of(error))
        except Exception:
            # The door around foreign model code: whatever it throws ends this attempt, not the process.
            log.exception("the engine broke", extra={"job": job.id, "attempt": attempt})
            self._suspect(job)
            return Released(attempt, JobError("internal_error", "the model broke while drawing this video"))
        self._broke_on = None
        return Completed(attempt, output)

    def _lacking(self, job: Job) -> str:
        if job.request.preset not in self._settings.presets:
            return f"the preset {job.request.preset} is not offered here"
        return f"{job.request.model} is not installed here"

    def _suspect(self, job: Job) -> None:
        """One job may carry the fault in it. When two break in a row it is the engine: a GPU that failed stays so.

        This process would then spoil job after job, so it goes, and gunicorn starts another.
        """
        if self._broke_on not in (None, job.id):
            log.error("the engine broke on two jobs in a row: this process stops")
            self._drain.set()
        self._broke_on = job.id

    def _settle(self, job: Job, change: Change) -> Job | None:
        """Report the end until the store has heard it; None when it did not, or no longer wants to."""
        end = time.monotonic() + self._patience.settle
        while time.monotonic() < end:
            try:
                after = self._services.jobs.apply(job.id, change)
            except Unavailable as error:
                log.warning("end of attempt not told yet", extra={"job": job.id, "error": error})
                time.sleep(self._patience.settle_pause)
            except (IllegalChange, NotFound):
                # Another attempt owns the job, or an earlier try was written and only its answer
                # was lost: then all is done, and recover sends the event.
                log.warning("end of attempt refused", extra={"job": job.id, "attempt": job.attempt})
                return None
            else:
                self._tell(after)
                self._services.announce(after)
                learn(self._services.runs, after, long=self._settings.long)
                return after
        return None

    def _tell(self, job: Job) -> None:
        metrics.JOBS_FINISHED.labels(job.request.model, job.state.value).inc()
        seconds = max((job.changed_at - job.created_at).total_seconds(), 0.0)  # the store's clock may be set back
        if job.state.is_final:
            metrics.JOB_SECONDS.labels(job.request.model, job.state.value).observe(seconds)
        told = {"job": job.id, "state": job.state, "seconds": round(seconds, 2)}
        log.info("attempt over", extra=told | {"code": job.error.code if job.error else None})


def _error_of(error: TemporaryError) -> JobError:
    """What the caller reads if this was the last try."""
    if isinstance(error, OutOfMemory):
        text = "the drawing did not fit into the GPU's memory; a smaller or shorter video may"
        return JobError(error.code, text)
    if isinstance(error, NoSpace):
        return JobError("temporary_error", "no room was left on the worker's disk to put this video together")
    return JobError("temporary_error", "a part of the platform could not be reached")

"""Claims jobs and draws them, one at a time. Knows no Flask and no model."""

from __future__ import annotations

import logging
import time
from threading import Event, Lock
from typing import Final

from functions.generate.attempt import Attempt, Interrupted
from functions.generate.engine import VideoEngine
from functions.generate.heartbeat import Heartbeat
from shared.core.errors import Busy, DrawingFailed, IllegalChange, NotFound, TemporaryError, Unavailable
from shared.core.ids import new_attempt_id
from shared.core.job import Change, Completed, Failed, Job, JobError, Released
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

SLICE: Final = 0.9
"""Share of the request's time limit after which no new step is begun: the rest is for the way out."""
SETTLE: Final = 90.0
"""Seconds for which the end of an attempt is reported again and again while the store is away."""


class Painter:
    """One GPU's worth of work. A wake-up is served by drawing whatever is best in the queue."""

    def __init__(self, services: Services, engine: VideoEngine, settings: Settings, drain: Event) -> None:
        self._services = services
        self._engine = engine
        self._settings = settings
        self._drain = drain
        self._gpu = Lock()

    def serve(self) -> None:
        """Draw queued jobs until there are none, the time slice is over or the process must stop.

        Raises:
            Busy: A drawing is going on. A request that timed out at Knative leaves us drawing.
        """
        if not self._gpu.acquire(blocking=False):
            raise Busy("this GPU is drawing", retry_after=5)
        try:
            end = time.monotonic() + self._settings.request_timeout.total_seconds() * SLICE
            while not self._drain.is_set() and time.monotonic() < end:
                job = self._services.jobs.claim(new_attempt_id(), self._settings.lease)
                if job is None:
                    return
                self._draw(job, end)
        finally:
            self._gpu.release()

    def _draw(self, job: Job, end: float) -> None:
        assert job.attempt is not None
        log.info("drawing", extra={"job": job.id, "attempt": job.attempt, "model": job.request.model})
        if job.attempts == 1:
            metrics.QUEUE_SECONDS.labels(job.request.model).observe((job.changed_at - job.created_at).total_seconds())
        with Heartbeat(self._services.jobs, job, self._settings) as heartbeat:
            run = Attempt(
                services=self._services,
                engine=self._engine,
                settings=self._settings,
                job=job,
                heartbeat=heartbeat,
                drain=self._drain,
                end=end,
            )
            change = self._outcome(job, job.attempt, run)
            after = self._settle(job, change) if change else None
        if after and after.state.is_final:
            run.tidy()

    def _outcome(self, job: Job, attempt: str, run: Attempt) -> Change | None:
        """What to say of the attempt when it is over; None when nobody wants to hear it."""
        try:
            return Completed(attempt, run.draw())
        except Interrupted as stop:
            return stop.change
        except DrawingFailed as error:
            return Failed(attempt, JobError(error.code, str(error)))
        except TemporaryError as error:
            log.warning("attempt released", extra={"job": job.id, "error": error})
            return Released(attempt, JobError("temporary_error", "a part of the platform could not be reached"))
        except Exception:
            # The door around foreign model code: whatever it throws ends this attempt, not the process.
            log.exception("the engine broke", extra={"job": job.id, "attempt": attempt})
            return Released(attempt, JobError("internal_error", "the model broke while drawing this video"))

    def _settle(self, job: Job, change: Change) -> Job | None:
        """Report the end until the store has heard it; None when it did not, or no longer wants to."""
        end = time.monotonic() + SETTLE
        while time.monotonic() < end:
            try:
                after = self._services.jobs.apply(job.id, change)
            except Unavailable as error:
                log.warning("end of attempt not told yet", extra={"job": job.id, "error": error})
                time.sleep(1)
            except (IllegalChange, NotFound):
                # Another attempt owns the job, or an earlier try was written and only its answer
                # was lost: then all is done, and recover sends the event.
                log.warning("end of attempt refused", extra={"job": job.id, "attempt": job.attempt})
                return None
            else:
                self._tell(after)
                self._services.announce(after)
                return after
        return None

    def _tell(self, job: Job) -> None:
        metrics.JOBS_FINISHED.labels(job.request.model, job.state.value).inc()
        seconds = (job.changed_at - job.created_at).total_seconds()
        if job.state.is_final:
            metrics.JOB_SECONDS.labels(job.request.model, job.state.value).observe(seconds)
        log.info("attempt over", extra={"job": job.id, "state": job.state, "seconds": round(seconds, 2)})

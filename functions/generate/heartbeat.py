"""Holds a job's lease while it is drawn, and hears what happens to the job meanwhile."""

from __future__ import annotations

import logging
from threading import Event, Thread
from types import TracebackType
from typing import Self

from shared.core.errors import NotFound, StaleAttempt, Unavailable
from shared.core.job import Job, JobState
from shared.ports import JobStore
from shared.settings import Settings

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews the lease in a thread of its own, from `with` to its end.

    `lost` is set once another attempt may own the job; `cancelled` once its caller wants it no
    more. A store that is away sets neither: the lease may well outlive the outage, and if it does
    not, the fence refuses whatever this worker says afterwards.
    """

    def __init__(self, jobs: JobStore, job: Job, settings: Settings) -> None:
        self.lost = Event()
        self.cancelled = Event()
        self._jobs = jobs
        self._job = job
        self._settings = settings
        self._over = Event()
        self._thread = Thread(target=self._beat, name=f"heartbeat {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        attempt = self._job.attempt or ""
        while not self._over.wait(self._settings.heartbeat.total_seconds()):
            try:
                job = self._jobs.renew(self._job.id, attempt, self._settings.lease)
            except (StaleAttempt, NotFound):
                log.warning("lease lost", extra={"job": self._job.id, "attempt": attempt})
                self.lost.set()
                return
            except Unavailable as error:
                log.warning("lease not renewed", extra={"job": self._job.id, "error": error})
            else:
                if job.state is JobState.CANCELLING:
                    self.cancelled.set()

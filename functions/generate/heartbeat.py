"""Holds a job's lease while it is drawn, and hears what happens to the job meanwhile."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from functions.generate.patience import Patience
from shared.core.errors import NotFound, StaleAttempt, Unavailable
from shared.core.job import Job, JobState
from shared.ports import JobStore
from shared.settings import Settings

log = logging.getLogger(__name__)

ASK_EVERY: Final = 0.25
"""Seconds between two beats out of turn: steps of the large model take longer, those of a tiny one need no more."""
ANSWER: Final = 0.05
"""Seconds that the drawing waits for one. Usually it takes one thousandth."""


class Heartbeat:
    """Renews the lease in a thread of its own, from `with` to its end.

    `lost` is set once it does so no longer and another attempt may own the job; `cancelled` once
    its caller wants it no more. A store that is away sets neither: the lease may well outlive the
    outage, and if it does not, the fence refuses whatever this worker says afterwards.
    """

    def __init__(self, jobs: JobStore, job: Job, settings: Settings, *, patience: Patience, drain: Event) -> None:
        self.lost = Event()
        self.cancelled = Event()
        self._jobs = jobs
        self._job = job
        self._settings = settings
        self._patience = patience
        self._drain = drain
        self._over = Event()
        self._wanted = Event()
        self._answered = Event()
        self._asked_at = 0.0
        self._moved_at = time.monotonic()
        self._thread = Thread(target=self._run, name=f"heartbeat {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._wanted.set()
        self._thread.join()

    def moved(self) -> None:
        """The attempt got on. One that hangs would otherwise hold its job for ever."""
        self._moved_at = time.monotonic()

    def ask(self) -> None:
        """Hear of a cancellation or a loss now and not with the next beat: wait a moment for an answer, no longer."""
        if time.monotonic() - self._asked_at < ASK_EVERY or self.lost.is_set():
            return
        self._asked_at = time.monotonic()
        self._answered.clear()
        self._wanted.set()
        self._answered.wait(ANSWER)

    def _run(self) -> None:
        try:
            while not self._pause() and self._beat():
                self._answered.set()
        finally:
            self.lost.set()
            self._answered.set()

    def _pause(self) -> bool:
        """Until the next beat is due or wanted; whether all is over."""
        self._wanted.wait(self._settings.heartbeat.total_seconds())
        self._wanted.clear()
        return self._over.is_set()

    def _beat(self) -> bool:
        """Renew once; whether to go on."""
        attempt = self._job.attempt or ""
        if time.monotonic() - self._moved_at > self._patience.step:
            # Somebody else shall draw the job, and this process, whose model hangs, no other.
            log.error("the model hangs", extra={"job": self._job.id, "attempt": attempt})
            self._drain.set()
            return False
        try:
            job = self._jobs.renew(self._job.id, attempt, self._settings.lease)
        except (StaleAttempt, NotFound):
            log.warning("lease lost", extra={"job": self._job.id, "attempt": attempt})
            return False
        except Unavailable as error:
            log.warning("lease not renewed", extra={"job": self._job.id, "error": error})
        else:
            if job.state is JobState.CANCELLING:
                self.cancelled.set()
        return True

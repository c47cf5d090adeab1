"""How long an attempt may go on before the GPU is somebody else's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event

from functions.generate.engine import Drawing
from functions.generate.patience import Patience
from shared.core.errors import NotFound, Unavailable
from shared.core.job import Job
from shared.core.overtaking import makes_room
from shared.ports import JobStore

log = logging.getLogger(__name__)


class Slice:
    """Ends with its time, with SIGTERM, and for a better job that has waited too long.

    Each gains a step first, or a job whose beginning takes a whole one would go round for ever.
    """

    def __init__(
        self,
        jobs: JobStore,
        job: Job,
        *,
        drain: Event,
        end: float,
        patience: Patience,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`end` is by `clock`."""
        self._jobs = jobs
        self._job = job
        self._drain = drain
        self._end = end
        self._patience = patience
        self._clock = clock
        self._first_step: int | None = None
        self._ask_at = clock() + patience.rival_after

    def is_over(self, drawing: Drawing) -> bool:
        """Asked before each step."""
        if self._first_step is None:
            self._first_step = drawing.step
        if self._drain.is_set():
            return True
        now = self._clock()
        return drawing.step > self._first_step and (now > self._end or self._overtaken(drawing, now))

    def _overtaken(self, drawing: Drawing, now: float) -> bool:
        """Ask the store now and then. While it is away nobody could take the job either."""
        if now < self._ask_at:
            return False
        self._ask_at = now + self._patience.rival_every
        left = 1 - drawing.step / drawing.total_steps
        try:
            for job_id in self._jobs.waiting(1):
                first, at = self._jobs.get(job_id), self._jobs.now()
                if makes_room(self._job, left, first, at) and not self._jobs.depth().paused:
                    log.info("making room", extra={"job": self._job.id, "first": first.id})
                    return True
        except NotFound:
            log.debug("who was first in the queue is gone", extra={"job": self._job.id})
        except Unavailable as error:
            self._ask_at = now + self._patience.rival_away
            log.debug("not known who waits", extra={"job": self._job.id, "error": error})
        return False

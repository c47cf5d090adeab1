"""The start of this process, as felt by the job that had to wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared.core.job import Job
from shared.core.timings import Timings


class Awakening:
    """Made when the process is ready to draw. Only the first job can have waited for that."""

    def __init__(self, load_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`load_s` is how long the model took to load."""
        self._load_s = load_s
        self._clock = clock
        self._ready_at = clock()
        self._over = False

    def felt_by(self, job: Job) -> Timings:
        """What of the job's waiting was the start of this process; asked when it was claimed.

        A job that was claimed before waited in other ways too, and nobody can tell them apart.
        """
        first, self._over = not self._over, True
        if job.attempts != 1:
            return Timings()
        cold = (job.changed_at - job.queued_at).total_seconds() - (self._clock() - self._ready_at)
        if not first or cold <= 0:
            return Timings(cold_start_s=0.0, load_s=0.0)
        return Timings(cold_start_s=round(cold, 3), load_s=round(min(self._load_s, cold), 3))

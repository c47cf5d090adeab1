"""Tells the Broker what happened, behind the answer to who made it happen. Knows no Flask.

The outbox row of what is told was written with the job. So nothing is lost with a herald that is killed, or that has
more to tell than it may keep: recover sends the row.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Final

from shared.core.job import Job
from shared.telemetry import metrics

log = logging.getLogger(__name__)

Announce = Callable[[Job, int | None], None]
"""`Services.announce`."""

ROOM: Final = 500
"""Jobs that may wait to be told of. More of them would wait behind a slow Broker until recover tells of them anyway."""
VOICES: Final = 8
"""How many are told of at a time, since some Brokers answer late; http_broker keeps as many connections."""
GRACE_S: Final = 5.0
"""For so long a stop waits for what is still to be told."""


class Herald:
    """Up to `voices` threads tell of jobs, each with `announce`; they live while there is something to tell."""

    def __init__(self, announce: Announce, *, room: int = ROOM, voices: int = VOICES) -> None:
        self._announce = announce
        self._room = room
        self._most = voices
        self._waiting: deque[tuple[Job, int | None]] = deque()
        self._changed = Condition()
        self._voices = 0

    def announce(self, job: Job, position: int | None = None) -> None:
        """As `Services.announce`, soon: never waits, never raises."""
        with self._changed:
            if len(self._waiting) >= self._room:
                metrics.UNTOLD.inc()
                return
            self._waiting.append((job, position))
        self._speak()

    def finish(self, seconds: float = GRACE_S) -> int:
        """Wait until everything is told, so long at most; how much is left for recover."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._voices, seconds)
            left = len(self._waiting) + self._voices
        if left:
            log.warning("events not sent, recover will", extra={"count": left})
        return left

    def _speak(self) -> None:
        """Raise another voice, if there is something to tell and one may."""
        with self._changed:
            if not self._waiting or self._voices >= self._most:
                return
            self._voices += 1
        Thread(target=self._run, name="herald", daemon=True).start()

    def _run(self) -> None:
        try:
            while (told := self._next()) is not None:
                self._announce(*told)
        finally:
            with self._changed:
                self._voices -= 1
                self._changed.notify_all()
            self._speak()  # something came as this one fell silent, or it met a bug before others' news

    def _next(self) -> tuple[Job, int | None] | None:
        with self._changed:
            return self._waiting.popleft() if self._waiting else None

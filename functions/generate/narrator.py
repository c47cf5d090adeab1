"""Tells notify how a drawing gets on, where somebody asked to hear of it. Worth no retry and none of the time."""

from __future__ import annotations

import logging
from collections.abc import Set as AbstractSet
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

from shared.core import events
from shared.core.delivery import heard_meanwhile
from shared.core.errors import Unavailable
from shared.core.job import Job
from shared.core.progress import Progress
from shared.wiring import Services

log = logging.getLogger(__name__)

EVERY: Final = 10.0
"""Seconds between two words about one video."""


class Narrator:
    """From `with` to its end, in a thread of its own if anybody wants to hear; the newest report counts."""

    def __init__(self, services: Services, job: Job, *, every: float = EVERY) -> None:
        self._services = services
        self._job = job
        self._every = every
        self._over = Event()
        self._lock = Lock()
        self._newest: Progress | None = None
        self._thread = Thread(target=self._run, name=f"narrator {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()  # not waited for: a Broker that hangs is nobody's concern here

    def say(self, progress: Progress) -> None:
        with self._lock:
            self._newest = progress

    def _run(self) -> None:
        wanted = self._wanted()
        if events.TELL_STARTED in wanted and self._job.attempts == 1:
            self._publish(events.TELL_STARTED, None, 0)
        number = 0
        while events.TELL_PROGRESS in wanted and not self._over.wait(self._every):
            with self._lock:
                progress, self._newest = self._newest, None
            if progress is not None:
                number += 1
                self._publish(events.TELL_PROGRESS, progress, number)

    def _wanted(self) -> AbstractSet[str]:
        try:
            endpoints = self._services.endpoints.of_tenant(self._job.tenant)
        except Unavailable as error:
            log.warning("nobody is told of the progress", extra={"job": self._job.id, "error": error})
            return frozenset()
        return heard_meanwhile(self._job, endpoints)

    def _publish(self, tell: str, progress: Progress | None, number: int) -> None:
        try:
            self._services.publisher.publish(
                events.progressed(self._job, tell, progress, self._services.jobs.now(), number)
            )
        except Unavailable as error:
            log.info("progress not told", extra={"job": self._job.id, "error": error})

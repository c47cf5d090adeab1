"""What the platform's owner can do with the queue: look, hold it, empty it. Knows no Flask."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from functions.submit.herald import Announce
from shared.core import queue
from shared.core.access import Caller
from shared.core.errors import IllegalChange, NotFound, Unavailable
from shared.core.job import Job, JobState, Purged
from shared.core.queue import Place
from shared.wiring import Services

log = logging.getLogger(__name__)

CHUNK: Final = 100
"""Jobs that a purge reads at once."""
BUDGET_S: Final = 10.0
"""Seconds after which a purge begins no other job, and says where to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """Which queued jobs go: of this tenant, created at least so long ago; None: of all, of any age."""

    tenant: str | None = None
    older_than: timedelta | None = None
    dry_run: bool = False
    after: Place | None = None
    """Where an earlier purge stopped."""


class QueueKeeper:
    """Over the jobs of all tenants. The world is told of purged ones by `announce`, by default at once."""

    def __init__(self, services: Services, announce: Announce | None = None, *, budget: float = BUDGET_S) -> None:
        self._services = services
        self._announce = announce or services.announce
        self._budget = budget

    def look(self) -> dict[str, Any]:
        """What everybody may know."""
        return queue.told(self._services.queue.look(), wake_limit=self._services.wake_limit)

    def inspect(self) -> dict[str, Any]:
        """What everybody may know, and why the queue is paused."""
        view = self._services.queue.look()
        reason = view.pause.reason if view.pause else None
        return queue.told(view, wake_limit=self._services.wake_limit) | {"reason": reason}

    def pause(self, caller: Caller, reason: str) -> dict[str, Any]:
        """Hand out no job from now on. New ones are taken and wait; who is being drawn is drawn on."""
        self._services.queue.pause(reason)
        log.warning("queue paused", extra={"key_id": caller.key_id})
        return self.inspect()

    def resume(self, caller: Caller) -> dict[str, Any]:
        """Hand out jobs again, and wake the GPUs for them."""
        self._services.queue.resume()
        log.warning("queue resumed", extra={"key_id": caller.key_id})
        try:
            self._services.wake()
        except Unavailable as error:
            log.warning("bell not rung now, recover will", extra={"error": error})
        return self.inspect()

    def purge(self, caller: Caller, wish: Purge) -> dict[str, Any]:
        """Cancel queued jobs; each tells its owner as any cancelled one does. `next` says where to go on, if anywhere.

        Killed in between, it has cancelled some: the same purge again does the rest.
        """
        end = time.monotonic() + self._budget
        matched = cancelled = 0
        place = wish.after
        more = True
        while more and time.monotonic() < end:
            found = self._services.queue.walk(CHUNK, after=place)
            more = bool(found)
            for here, job in found:
                if time.monotonic() >= end:
                    break
                if self._meant(wish, job):
                    matched += 1
                    cancelled += not wish.dry_run and self._cancelled(job)
                place = here
        if not wish.dry_run:
            log.warning("queue purged", extra={"count": cancelled, "key_id": caller.key_id})
        return {
            "object": "queue.purge",
            "dry_run": wish.dry_run,
            "matched": matched,
            "cancelled": cancelled,
            "has_more": more,
            "next": str(place) if more and place else None,
        }

    def _meant(self, wish: Purge, job: Job) -> bool:
        if job.state is not JobState.QUEUED or wish.tenant not in (None, job.tenant):
            return False
        return wish.older_than is None or job.created_at <= self._services.jobs.now() - wish.older_than

    def _cancelled(self, job: Job) -> bool:
        """Whether it was still there to be cancelled."""
        try:
            after = self._services.jobs.apply(job.id, Purged())
        except (IllegalChange, NotFound):
            return False  # a worker was faster, or its owner
        self._announce(after, None)
        return True

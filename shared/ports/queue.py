"""The queue as a whole, for its owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.core.job import Job
from shared.core.queue import Pause, Place, QueueView


class Queue(Protocol):
    """The queue that a JobStore fills and hands out. Lasts as long as its jobs: a restart changes nothing."""

    def pause(self, reason: str) -> Pause:
        """Hand out nothing from now on. A claim that is under way may still succeed; who holds a job keeps it.

        Said again, it changes the reason only.
        """
        ...

    def resume(self) -> None:
        """Hand out jobs again. No error when nothing was paused."""
        ...

    def look(self) -> QueueView:
        """All of it at one instant."""
        ...

    def walk(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, Job]]:
        """Queued jobs in the queue's order, those behind `after`, whether they may be claimed yet or not.

        A walk from place to place meets every job that is queued all the while; none at all is its end.
        """
        ...

"""The Queue in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.adapters.memory import Memory
from shared.core import effects
from shared.core.job import Job
from shared.core.queue import WAITS_KEPT, Pause, Place, QueueView


class MemoryQueue:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def pause(self, reason: str) -> Pause:
        with self._memory.lock:
            before = self._memory.pause
            self._memory.pause = Pause(before.since if before else self._memory.clock(), reason)
            return self._memory.pause

    def resume(self) -> None:
        with self._memory.lock:
            self._memory.pause = None

    def look(self) -> QueueView:
        with self._memory.lock:
            now, places = self._memory.clock(), self._places()
            return QueueView(
                pause=self._memory.pause,
                waiting=len(places),
                running=len(self._memory.leases),
                alive=sum(until > now for until in self._memory.leases.values()),
                oldest=max(now - places[0][0].at, timedelta(0)) if places else timedelta(0),
                waits=[wait for at, wait in self._memory.waits if at > now - WAITS_KEPT],
            )

    def walk(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, Job]]:
        with self._memory.lock:
            return [(place, job) for place, job in self._places() if after is None or place > after][:limit]

    def _places(self) -> list[tuple[Place, Job]]:
        ranked = ((effects.index(job, timedelta(0)).queue_rank, job) for job in self._memory.jobs.values())
        found = [(Place(rank, job.id), job) for rank, job in ranked if rank is not None]
        return sorted(found, key=lambda pair: pair[0])

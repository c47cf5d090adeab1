"""The Queue in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters.memory import Memory
from shared.core.job import Job
from shared.core.moment import moment
from shared.core.priority import Priority
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
            now, queued = self._memory.clock(), [job for _, job in self._places()]
            return QueueView(
                pause=self._memory.pause,
                waiting=len(queued),
                by_priority={p: sum(job.terms.priority is p for job in queued) for p in Priority},
                running=len(self._memory.leases),
                alive=sum(until > now for until in self._memory.leases.values()),
                oldest=self._memory.oldest(now),
                waits=[wait for at, wait in self._memory.waits if at > now - WAITS_KEPT],
            )

    def walk(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, Job]]:
        with self._memory.lock:
            return [(place, job) for place, job in self._places() if after is None or place > after][:limit]

    def _places(self) -> list[tuple[Place, Job]]:
        placed = self._memory.line.places.items()
        found = [(Place(moment(place), job_id), self._memory.jobs[job_id]) for job_id, place in placed]
        return sorted(found, key=lambda pair: pair[0])

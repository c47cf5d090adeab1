"""The Outbox in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.adapters.memory import Memory
from shared.core.events import Event


class MemoryOutbox:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def unsent(self, *, older_than: timedelta, limit: int) -> Sequence[Event]:
        with self._memory.lock:
            until = self._memory.clock() - older_than
            return [event for written, event in self._memory.events.values() if written <= until][:limit]

    def sent(self, event_id: str) -> None:
        with self._memory.lock:
            self._memory.events.pop(event_id, None)

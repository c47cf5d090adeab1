"""Word of changes inside one process."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from queue import Empty, SimpleQueue

from shared.adapters.memory import Memory


class MemoryChanges:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def listen(self) -> MemoryListening:
        return MemoryListening(self._memory)


class MemoryListening:
    """A queue of its own, from the first call on."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._said: SimpleQueue[str] = SimpleQueue()

    def heard(self, within: timedelta) -> frozenset[str] | None:
        with self._memory.lock:
            if self._said not in self._memory.ears:
                self._memory.ears.add(self._said)
                return None
        try:
            first = self._said.get(timeout=within.total_seconds())
        except Empty:
            return frozenset()
        return frozenset((first, *self._waiting()))

    def close(self) -> None:
        with self._memory.lock:
            self._memory.ears.discard(self._said)

    def _waiting(self) -> Iterator[str]:
        while not self._said.empty():
            yield self._said.get()

"""The DeadLetterStore in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from shared.adapters.memory import Memory
from shared.ports import DeadLetter


class MemoryDeadLetterStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, letter: DeadLetter) -> None:
        with self._memory.lock:
            self._memory.dead_letters.appendleft(letter)
            self._memory.dead_letter_count += 1

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        with self._memory.lock:
            return list(islice(self._memory.dead_letters, limit))

    def count(self) -> int:
        with self._memory.lock:
            return self._memory.dead_letter_count

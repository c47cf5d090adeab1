"""The DeadLetterStore in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters.memory import Memory
from shared.core.dead_letter import DeadLetter, buried
from shared.core.errors import NotFound
from shared.core.events import Event
from shared.core.queue import Place
from shared.ports.dead_letters import MOST_LETTERS


class MemoryDeadLetterStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def bury(self, letter: DeadLetter) -> bool:
        with self._memory.lock:
            before = self._kept().get(letter.id)
            after = buried(before, letter)
            if after == before:
                return False
            self._memory.dead_letters[letter.id] = after
            self._memory.dead_letter_count += 1
            for place, _ in self._newest()[MOST_LETTERS:]:
                del self._memory.dead_letters[place.id]
            return True

    def get(self, letter_id: str) -> DeadLetter:
        with self._memory.lock:
            if letter_id not in self._kept():
                raise NotFound(f"there is no dead letter {letter_id}")
            return self._memory.dead_letters[letter_id]

    def page(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, DeadLetter]]:
        with self._memory.lock:
            return [pair for pair in self._newest() if after is None or pair[0] < after][:limit]

    def keep(self, before: DeadLetter, after: DeadLetter, event: Event | None) -> bool:
        with self._memory.lock:
            if self._kept().get(before.id) != before:
                return False
            self._memory.dead_letters[before.id] = after
            if event is not None:
                self._memory.events[event.id] = (self._memory.clock(), event)
            return True

    def count(self) -> int:
        with self._memory.lock:
            return self._memory.dead_letter_count

    def _kept(self) -> dict[str, DeadLetter]:
        """The letters whose time is not over."""
        oldest = self._memory.clock() - self._memory.retention
        for gone in [letter.id for letter in self._memory.dead_letters.values() if letter.last.at <= oldest]:
            del self._memory.dead_letters[gone]
        return self._memory.dead_letters

    def _newest(self) -> list[tuple[Place, DeadLetter]]:
        letters = self._kept().values()
        return sorted(((Place(each.last.at, each.id), each) for each in letters), key=lambda p: p[0], reverse=True)

"""The KeyStore in one process's memory."""

from __future__ import annotations

from datetime import datetime

from shared.adapters.memory import Memory
from shared.core.api_key import ApiKey, Change, changed
from shared.core.errors import Conflict, NotFound
from shared.ports import MAX_KEYS, KeyPage, Sighting


class MemoryKeyStore:
    def __init__(self, memory: Memory, *, most: int = MAX_KEYS) -> None:
        self._memory = memory
        self._most = most

    def now(self) -> datetime:
        return self._memory.clock()

    def add(self, entry: ApiKey) -> None:
        with self._memory.lock:
            if len(self._memory.api_keys) >= self._most:
                raise Conflict(f"there are {self._most} keys; delete some", code="too_many_keys")
            if self._memory.api_keys.setdefault(entry.id, entry) != entry:
                raise Conflict(f"there is another key {entry.id}", code="key_exists")

    def sight(self, key_id: str) -> Sighting:
        with self._memory.lock:
            return Sighting(self.now(), self._memory.api_keys.get(key_id))

    def apply(self, key_id: str, change: Change) -> ApiKey:
        with self._memory.lock:
            if key_id not in self._memory.api_keys:
                raise NotFound(f"there is no key {key_id}")
            after = changed(self._memory.api_keys[key_id], change, self.now())
            self._memory.api_keys[key_id] = after
            return after

    def page(self, *, limit: int, after: str | None = None) -> KeyPage:
        with self._memory.lock:
            ids = sorted(i for i in self._memory.api_keys if after is None or i > after)
            return KeyPage([self._memory.api_keys[i] for i in ids[:limit]], has_more=len(ids) > limit)

    def delete(self, key_id: str) -> None:
        with self._memory.lock:
            if self._memory.api_keys.pop(key_id, None) is None:
                raise NotFound(f"there is no key {key_id}")

"""The RunStore in one process's memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from shared.adapters.memory import Memory
from shared.core.run import Run
from shared.ports import KEPT_RUNS


class MemoryRunStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self, run: Run) -> None:
        with self._memory.lock:
            self._memory.runs.setdefault(run.work.model, deque(maxlen=KEPT_RUNS)).appendleft(run)

    def recent(self, models: Sequence[str]) -> Sequence[Run]:
        with self._memory.lock:
            return [run for model in models for run in self._memory.runs.get(model, ())]

"""The DeliveryStore in one process's memory. Finished deliveries stay as long as the process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.adapters.memory import Memory
from shared.core.delivery import Delivery, DeliveryState


class MemoryDeliveryStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def take(self, hold: timedelta) -> Delivery | None:
        with self._memory.lock:
            now = self._memory.clock()
            pending = self._pending()
            if not pending or pending[0].due_at > now:
                return None
            held = replace(pending[0], due_at=now + hold)
            self._memory.deliveries[held.id] = held
            return held

    def keep(self, before: Delivery, after: Delivery) -> bool:
        with self._memory.lock:
            present = self._memory.deliveries.get(before.id)
            if present == before:
                self._memory.deliveries[after.id] = after
            return present in (before, after)

    def of_job(self, job_id: str) -> Sequence[Delivery]:
        with self._memory.lock:
            found = (delivery for delivery in self._memory.deliveries.values() if delivery.job_id == job_id)
            return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def due(self) -> int:
        with self._memory.lock:
            now = self._memory.clock()
            return sum(delivery.due_at <= now for delivery in self._pending())

    def next_due(self) -> datetime | None:
        with self._memory.lock:
            return min((delivery.due_at for delivery in self._pending()), default=None)

    def _pending(self) -> list[Delivery]:
        pending = (d for d in self._memory.deliveries.values() if d.state is DeliveryState.PENDING)
        return sorted(pending, key=lambda delivery: (delivery.due_at, delivery.id))

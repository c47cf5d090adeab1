"""The DeliveryStore in one process's memory. Finished deliveries stay as long as the process."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from shared.adapters.memory import Memory
from shared.core import delivery
from shared.core.delivery import PLACES, Delivery, DeliveryState
from shared.core.errors import NotFound
from shared.ports import DeliveryPage


class MemoryDeliveryStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def take(self, hold: timedelta, *, uploads: timedelta | None = None, limit: int = 1) -> Sequence[Delivery]:
        with self._memory.lock:
            now = self._memory.clock()
            taken: list[Delivery] = []
            while len(taken) < limit and (chosen := self._next(now)) is not None:
                held = replace(chosen, due_at=now + delivery.hold(chosen, hold, uploads))
                self._memory.deliveries[held.id] = held
                self._memory.held[held.id] = held.due_at
                self._memory.served[held.lane] = next(self._memory.turns)
                taken.append(held)
            return taken

    def fix(self, taken: Delivery, body: str) -> Delivery | None:
        with self._memory.lock:
            if self._memory.deliveries.get(taken.id) != taken:
                return None
            self._memory.deliveries[taken.id] = fixed = replace(taken, body=body)
            return fixed

    def keep(self, before: Delivery, after: Delivery, *, rest: timedelta = timedelta(0)) -> bool:
        with self._memory.lock:
            present = self._memory.deliveries.get(before.id)
            if present == before:
                self._memory.deliveries[after.id] = after
                self._memory.held.pop(after.id, None)
                if rest > timedelta(0):
                    until = self._memory.clock() + rest
                    self._memory.rests[after.lane] = max(until, self._memory.rests.get(after.lane, until))
            return present in (before, after)

    def held(self, deliveries: Sequence[Delivery]) -> frozenset[str]:
        with self._memory.lock:
            return frozenset(each.id for each in deliveries if each.id in self._held())

    def get(self, delivery_id: str) -> Delivery:
        with self._memory.lock:
            if delivery_id not in self._memory.deliveries:
                raise NotFound(f"there is no delivery {delivery_id}")
            return self._memory.deliveries[delivery_id]

    def of_job(self, job_id: str) -> Sequence[Delivery]:
        with self._memory.lock:
            found = (delivery for delivery in self._memory.deliveries.values() if delivery.job_id == job_id)
            return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def to_endpoint(self, endpoint_id: str, *, limit: int, after: str | None = None) -> DeliveryPage:
        with self._memory.lock:
            found = [each for each in self._memory.deliveries.values() if each.endpoint_id == endpoint_id]
        found = sorted((d for d in found if after is None or d.id < after), key=lambda d: d.id, reverse=True)
        return DeliveryPage(found[:limit], has_more=len(found) > limit)

    def due(self) -> int:
        with self._memory.lock:
            now = self._memory.clock()
            return sum(delivery.due_at <= now for delivery in self._pending())

    def next_due(self) -> datetime | None:
        with self._memory.lock:
            return min((self._worth(delivery) for delivery in self._pending()), default=None)

    def _pending(self) -> list[Delivery]:
        pending = (d for d in self._memory.deliveries.values() if d.state is DeliveryState.PENDING)
        return sorted(pending, key=lambda delivery: (delivery.due_at, delivery.id))

    def _held(self) -> list[str]:
        now = self._memory.clock()
        return [name for name, end in self._memory.held.items() if end > now]

    def _worth(self, delivery: Delivery) -> datetime:
        """From when on it may be taken, as far as its lane is concerned."""
        return max(delivery.due_at, self._memory.rests.get(delivery.lane, delivery.due_at))

    def _next(self, now: datetime) -> Delivery | None:
        """The first of the lane whose turn it is."""
        lanes = list(self._ready(now))
        return min(lanes, key=lambda each: (self._memory.served.get(each.lane, 0), each.due_at), default=None)

    def _ready(self, now: datetime) -> Iterator[Delivery]:
        """Of each lane that is open the one that comes next."""
        waiting = sorted((d for d in self._pending() if self._worth(d) <= now), key=lambda each: each.lane)
        for lane, group in groupby(waiting, key=lambda each: each.lane):
            mine = sorted(group, key=lambda each: (each.due_at, each.id))
            if sum(self._memory.deliveries[name].lane == lane for name in self._held()) < PLACES:
                yield random.choice((mine[0], mine[-1]))  # noqa: S311 - spreads, hides nothing

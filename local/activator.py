"""Where a revision's requests wait for a place at an instance, in the order they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

QUEUE_DEPTH: Final = 10_000
"""Knative's activator: more waiting requests are refused."""
_FIRST_FREE: Final = 3
"""Up to this concurrency the first free instance is taken, beyond it the least busy one."""


class QueueFull(Exception):
    """Too many requests wait already."""


@dataclass(slots=True, eq=False)
class Endpoint:
    """A ready instance's address, and how many requests it has been given."""

    url: str
    in_flight: int = 0


class Load:
    """How many requests are inside, and their average over time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.now = 0
        self._clock = clock
        self._area = 0.0
        self._since = self._changed = clock()

    def change(self, by: int) -> None:
        at = self._clock()
        self._area += self.now * (at - self._changed)
        self._changed = at
        self.now += by

    def average(self) -> float:
        """Since it was asked for last."""
        self.change(0)
        span = self._changed - self._since
        average = self._area / span if span else float(self.now)
        self._area, self._since = 0.0, self._changed
        return average


class Activator:
    """Gives each request a place; `on_wait` is called when one must wait."""

    def __init__(self, concurrency: int, *, clock: Callable[[], float]) -> None:
        self.on_wait: Callable[[], None] = lambda: None
        self._concurrency = concurrency
        self._endpoints: list[Endpoint] = []
        self._queue: deque[asyncio.Future[Endpoint]] = deque()
        self.load = Load(clock)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Endpoint]:
        """A place for one request, held until the block ends.

        Raises:
            QueueFull: At once.
        """
        self.load.change(1)
        try:
            endpoint = await self._enter()
            try:
                yield endpoint
            finally:
                self._leave(endpoint)
        finally:
            self.load.change(-1)

    def add(self, endpoint: Endpoint) -> None:
        self._endpoints.append(endpoint)
        self._serve()

    def remove(self, endpoint: Endpoint) -> None:
        """No new request goes there. Those inside stay."""
        if endpoint in self._endpoints:
            self._endpoints.remove(endpoint)

    async def _enter(self) -> Endpoint:
        free = None if self._queue else self._free()
        if free:
            free.in_flight += 1
            return free
        if len(self._queue) >= QUEUE_DEPTH:
            raise QueueFull
        turn: asyncio.Future[Endpoint] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self.on_wait()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(turn.result())  # given a place and called away in the same moment
            elif turn in self._queue:
                self._queue.remove(turn)
            raise

    def _leave(self, endpoint: Endpoint) -> None:
        endpoint.in_flight -= 1
        self._serve()

    def _serve(self) -> None:
        while self._queue and (free := self._free()):
            turn = self._queue.popleft()
            if not turn.done():
                free.in_flight += 1
                turn.set_result(free)

    def _free(self) -> Endpoint | None:
        limit = self._concurrency
        free = [endpoint for endpoint in self._endpoints if not limit or endpoint.in_flight < limit]
        if not free:
            return None
        return free[0] if 0 < limit <= _FIRST_FREE else min(free, key=lambda endpoint: endpoint.in_flight)

"""Whose deliveries have the places of one process. Knows no Flask."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Final

from shared.core.delivery import Delivery

SHORTEST: Final = 0.1
LONGEST: Final = 5.0
"""Seconds that a lane waits whose tenant has enough places."""


class Shares:
    """A tenant may have as many places as are free: one alone has half of them, and who comes next finds some.

    Any thread may use it.
    """

    def __init__(self, places: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._monotonic = monotonic
        self._lock = Lock()
        self._began: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def enter(self, delivery: Delivery) -> timedelta | None:
        """None: it has a place, until it leaves. Else its lane shall wait for so long as the tenant's oldest has taken.

        Receivers that are quick are soon asked again, and those that hang seldom.
        """
        with self._lock:
            now, mine = self._monotonic(), self._began[delivery.tenant]
            free = self._places - sum(map(len, self._began.values()))
            if not mine or len(mine) < free:
                mine[delivery.id] = now
                return None
            oldest = now - min(mine.values())
            return timedelta(seconds=min(max(oldest, SHORTEST), LONGEST))

    def leave(self, delivery: Delivery) -> None:
        with self._lock:
            mine = self._began[delivery.tenant]
            mine.pop(delivery.id, None)
            if not mine:
                del self._began[delivery.tenant]

"""The RateStore in one process's memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from shared.core import rate
from shared.core.moment import micros
from shared.core.rate import Rate, Spending


class MemoryRateStore:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: dict[str, int] = {}

    def spend(self, name: str, rate_: Rate, *, need: int, want: int) -> Spending:
        with self._lock:
            at = micros(self._clock())
            for whole in [other for other, full_at in self._full_at.items() if full_at <= at]:
                del self._full_at[whole]
            spending, full_at = rate.spend(rate_, self._full_at.get(name, at), at, need=need, want=want)
            self._full_at[name] = full_at
            return spending

    def close(self) -> None:
        """There is nothing to close."""

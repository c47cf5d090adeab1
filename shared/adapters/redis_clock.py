"""The server's time without asking for it, for as long as an answer that told it is fresh."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

FRESH_S: Final = 1.0
"""Longer nothing is built upon one answer: the server may be another one by then, or its clock set."""


class ServerClock:
    """Behind the server's by an answer's way here, never before it. Threads may share it."""

    def __init__(self, passing: Callable[[], float] = time.monotonic) -> None:
        self._passing = passing
        self._heard: tuple[datetime, float] | None = None

    def heard(self, at: datetime) -> None:
        """The server just said that it was `at`."""
        self._heard = (at, self._passing())

    def now(self) -> datetime | None:
        """None: ask the server."""
        if self._heard is None:
            return None
        at, when = self._heard
        since = self._passing() - when
        return at + timedelta(seconds=since) if since < FRESH_S else None

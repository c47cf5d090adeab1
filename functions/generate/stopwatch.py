"""Adds up where the time of an attempt goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum

from shared.core.timings import Timings


class Lap(StrEnum):
    """What is timed: the fields of Timings that an attempt measures itself."""

    PROMPT = "prompt_s"
    DENOISE = "denoise_s"
    DECODE = "decode_s"
    ENCODE = "encode_s"
    UPLOAD = "upload_s"


class Stopwatch:
    """One lap runs at a time: one that begins inside of another stops it for so long."""

    def __init__(self, start: Timings, clock: Callable[[], float] = time.monotonic) -> None:
        """`start` is what was known before: how the job waited."""
        self._start = start
        self._clock = clock
        self._seconds: dict[Lap, float] = {}
        self._running: list[Lap] = []
        self._since = 0.0

    @contextmanager
    def lap(self, lap: Lap) -> Iterator[None]:
        self._count()
        self._running.append(lap)
        try:
            yield
        finally:
            self._count()
            self._running.pop()

    @property
    def timings(self) -> Timings:
        """As measured until now; the lap that runs is counted up to here."""
        self._count()
        return replace(self._start, **{lap.value: round(seconds, 3) for lap, seconds in self._seconds.items()})

    def _count(self) -> None:
        now = self._clock()
        if self._running:
            lap = self._running[-1]
            self._seconds[lap] = self._seconds.get(lap, 0.0) + now - self._since
        self._since = now

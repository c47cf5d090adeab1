"""Takes its time over each step: to be cancelled, stopped and overtaken."""

from __future__ import annotations

import time

from tests.engines.instant import Instant, InstantDrawing


class SlowDrawing(InstantDrawing):
    seconds_per_step = 0.2

    def advance(self) -> None:
        time.sleep(self.seconds_per_step)
        super().advance()


class Slow(Instant):
    drawing = SlowDrawing


class LeisurelyDrawing(SlowDrawing):
    seconds_per_step = 0.3


class Leisurely(Instant):
    drawing = LeisurelyDrawing

"""Hears nothing while it draws: one step is the whole drawing, and takes its time."""

from __future__ import annotations

import time

from tests.engines.instant import Instant, InstantDrawing


class DeafDrawing(InstantDrawing):
    seconds = 1.0

    def advance(self) -> None:
        time.sleep(self.seconds)
        self.step = self.total_steps


class Deaf(Instant):
    drawing = DeafDrawing

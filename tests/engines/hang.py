"""Never comes back, as a GPU that has fallen off its bus."""

from __future__ import annotations

import threading

from tests.engines.instant import Instant, InstantDrawing


class HangingDrawing(InstantDrawing):
    at = 3

    def advance(self) -> None:
        super().advance()
        if self.step == self.at:
            threading.Event().wait()


class Hang(Instant):
    drawing = HangingDrawing

"""Draws as the prompt says: to show clients every end that a video can have."""

from __future__ import annotations

import time

from shared.core.errors import DrawingFailed
from tests.engines.instant import Instant, InstantDrawing

FAILS = "all black"
SLOW = "slowly"


class AsToldDrawing(InstantDrawing):
    def advance(self) -> None:
        if FAILS in self.request.prompt:
            raise DrawingFailed("all frames are black", code="quality_check_failed")
        if SLOW in self.request.prompt:
            time.sleep(0.1)
        super().advance()


class AsTold(Instant):
    drawing = AsToldDrawing

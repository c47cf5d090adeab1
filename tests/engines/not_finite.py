"""Its numbers overflow: no later try would go better."""

from __future__ import annotations

from shared.core.errors import DrawingFailed
from tests.engines.instant import Instant, InstantDrawing


class NotFiniteDrawing(InstantDrawing):
    at = 3

    def advance(self) -> None:
        super().advance()
        if self.step == self.at:
            raise DrawingFailed(f"step {self.at} left numbers that are not finite", code="quality_check_failed")


class NotFinite(Instant):
    drawing = NotFiniteDrawing

"""Has a bug: an error that nobody foresaw."""

from __future__ import annotations

from tests.engines.instant import Instant, InstantDrawing


class CrashingDrawing(InstantDrawing):
    at = 3

    def advance(self) -> None:
        super().advance()
        if self.step == self.at:
            raise RuntimeError(f"a bug in step {self.at}")


class CrashAtStep(Instant):
    drawing = CrashingDrawing

"""Does not fit: another device, or a later try, may have the room."""

from __future__ import annotations

from shared.core.errors import OutOfMemory
from tests.engines.instant import Instant, InstantDrawing


class NoRoomDrawing(InstantDrawing):
    at = 3

    def advance(self) -> None:
        super().advance()
        if self.step == self.at:
            raise OutOfMemory(f"no memory left in step {self.at}")


class NoRoom(Instant):
    drawing = NoRoomDrawing

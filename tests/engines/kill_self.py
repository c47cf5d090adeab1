"""Dies without a word, as under the kernel's memory killer or a lost node."""

from __future__ import annotations

import os
import signal

from tests.engines.instant import Instant, InstantDrawing

POISON = "poison"


class DyingDrawing(InstantDrawing):
    at = 3

    def advance(self) -> None:
        super().advance()
        if self.step == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingAtFirst(DyingDrawing):
    def advance(self) -> None:
        if self.first_step == 0:
            super().advance()
        else:
            InstantDrawing.advance(self)


class DyingAsTold(DyingDrawing):
    def advance(self) -> None:
        if POISON in self.request.prompt:
            super().advance()
        else:
            InstantDrawing.advance(self)


class KillSelf(Instant):
    """Poison: whoever takes the job dies of it."""

    drawing = DyingDrawing


class KillSelfOnce(Instant):
    """A lost worker: one that goes on from a checkpoint comes through."""

    drawing = DyingAtFirst


class KillSelfAsTold(Instant):
    """Poison is one job only: the others are drawn well."""

    drawing = DyingAsTold

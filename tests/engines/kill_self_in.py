"""Die without a word where there are no steps: at the prompt, at the pictures, at the file, behind the uploads."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from functions.generate.engine import Frames
from shared.core.request import VideoRequest
from tests.engines.instant import Instant, InstantDrawing


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class InPrompt(Instant):
    def begin(self, request: VideoRequest, checkpoint: bytes | None = None) -> InstantDrawing:
        die()
        return super().begin(request, checkpoint)


class HalfDecoded(InstantDrawing):
    chunk = 5

    def decode(self) -> Iterator[Frames]:
        yield next(super().decode())
        die()


class InDecoding(Instant):
    """Some pictures are in the file, and the others were not drawn."""

    drawing = HalfDecoded


class AllDecoded(InstantDrawing):
    chunk = 5

    def decode(self) -> Iterator[Frames]:
        yield from super().decode()
        die()


class InEncoding(Instant):
    """All pictures are drawn, and the file is not whole: its index comes last."""

    drawing = AllDecoded


class Decoded(InstantDrawing):
    decoded = False

    def decode(self) -> Iterator[Frames]:
        yield from super().decode()
        self.decoded = True


class InUpload(Instant):
    """Everything is uploaded, and nobody has heard of it: the end tells of the device, as the report before did."""

    begun: Decoded | None = None
    told = 0

    @property
    def device(self) -> str:
        self.told += self.begun is not None and self.begun.decoded
        if self.told == 2:
            die()
        return super().device

    def begin(self, request: VideoRequest, checkpoint: bytes | None = None) -> InstantDrawing:
        self.begun = Decoded(request, checkpoint)
        return self.begun

"""Draw what is no video of the request: what the checks behind the model are for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from functions.generate.engine import Frames
from shared.core.request import VideoRequest
from tests.engines.instant import Instant, InstantDrawing


class NoFramesDrawing(InstantDrawing):
    def decode(self) -> Iterator[Frames]:
        return iter(())


class TooFewDrawing(InstantDrawing):
    """The last frame is missing."""

    def decode(self) -> Iterator[Frames]:
        shorter = dataclasses.replace(self.request, num_frames=self.request.num_frames - 1)
        return InstantDrawing(shorter).decode()


class WrongSizeDrawing(InstantDrawing):
    """Width and height are twice what they should be."""

    def decode(self) -> Iterator[Frames]:
        request = self.request
        larger = dataclasses.replace(request, width=2 * request.width, height=2 * request.height)
        return InstantDrawing(larger).decode()


class OneColorDrawing(InstantDrawing):
    """Black from the first frame to the last."""

    def decode(self) -> Iterator[Frames]:
        request: VideoRequest = self.request
        yield np.zeros((request.num_frames, request.height, request.width, 3), np.uint8)


class NoFrames(Instant):
    drawing = NoFramesDrawing


class TooFewFrames(Instant):
    drawing = TooFewDrawing


class WrongSize(Instant):
    drawing = WrongSizeDrawing


class OneColor(Instant):
    drawing = OneColorDrawing

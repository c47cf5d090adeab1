"""Whether the frames of a drawing look like a video at all. Looked at before they are encoded, which would blur it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from functions.generate.engine import Frames
from shared.core.errors import DrawingFailed

BLACK_LEVEL: Final = 0.10 * 255
"""A pixel is black up to it: the default of FFmpeg's blackdetect."""
BLACK_SHARE: Final = 0.999
"""Of a black frame's pixels. FFmpeg says 0.98; but stars in a night are a picture."""
FROZEN_LEVEL: Final = 0.001 * 255
"""Two frames that differ by no more on average are the same: the default of FFmpeg's freezedetect."""
STRIDE: Final = 2
"""Every so manieth row and column is looked at."""
CHECKS: Final = ("black", "frozen")


class Looks:
    """Counts while they pass by. A video is refused when all of its frames are black, or none differs from the last.

    Some may be either: a fade begins in black, and a film may hold its breath.
    """

    def __init__(self) -> None:
        self.frames = self.black = self.frozen = 0
        self._last: Frames | None = None

    def watch(self, chunks: Iterable[Frames]) -> Iterator[Frames]:
        """The same chunks; of each the last frame is held."""
        for chunk in chunks:
            for picture in chunk:
                self._look(np.ascontiguousarray(picture[::STRIDE, ::STRIDE]))
            yield chunk

    def check(self) -> None:
        """Raises: DrawingFailed: With the numbers."""
        wrong = []
        if self.black == self.frames:
            wrong.append(f"{self.black} of {self.frames} frames are black")
        if 0 < self.frozen == self.frames - 1:
            wrong.append(f"{self.frozen} of {self.frames - 1} frames are the same as the one before")
        if wrong:
            raise DrawingFailed("; ".join(wrong), code="quality_check_failed")

    def _look(self, picture: Frames) -> None:
        self.frames += 1
        self.black += bool((picture.max(axis=-1) <= BLACK_LEVEL).mean() >= BLACK_SHARE)
        if self._last is not None and self._last.shape == picture.shape:
            self.frozen += bool(np.abs(picture.astype(np.int16) - self._last).mean() <= FROZEN_LEVEL)
        self._last = picture

"""A still to show before the video plays: its middle frame, as WEBP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Final

from PIL import Image

from functions.generate.engine import Frames

MAX_WIDTH: Final = 320
QUALITY: Final = 80


class MiddleFrame:
    """Keeps the middle one of a known number of frames while they pass by."""

    def __init__(self, num_frames: int) -> None:
        self._before = num_frames // 2
        self.picture: Frames | None = None

    def watch(self, chunks: Iterable[Frames]) -> Iterator[Frames]:
        """The same chunks; none of them is held."""
        for chunk in chunks:
            if 0 <= self._before < len(chunk):
                self.picture = chunk[self._before].copy()
            self._before -= len(chunk)
            yield chunk


def thumbnail(picture: Frames) -> bytes:
    """One RGB picture as WEBP, scaled down to `MAX_WIDTH` where it is wider, its shape kept."""
    image = Image.fromarray(picture)
    if image.width > MAX_WIDTH:
        height = max(round(image.height * MAX_WIDTH / image.width), 1)
        image = image.resize((MAX_WIDTH, height), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()

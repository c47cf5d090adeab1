"""The whole video at a glance: stills of it, evenly spaced from the first frame to the last, in one JPEG.

Players show them above their time line. The stills stand in rows, left to right and top to bottom;
what the last row has no still for is black.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

from functions.generate.engine import Frames
from shared.core.errors import DrawingFailed
from shared.core.output import Grid

COLUMNS: Final = 5
MOST: Final = 25
"""Stills: enough to find a moment of five seconds, and few enough to be small."""
TILE_WIDTH: Final = 160
QUALITY: Final = 80


class Spritesheet:
    """Collects the stills of a known number of frames while they pass by."""

    def __init__(self, *, num_frames: int, width: int, height: int) -> None:
        count = min(num_frames, MOST)
        tile_width = min(width, TILE_WIDTH)
        self.grid = Grid(
            columns=min(COLUMNS, count),
            rows=-(-count // COLUMNS),
            stills=count,
            tile_width=tile_width,
            tile_height=max(round(height * tile_width / width), 1),
        )
        last = max(count - 1, 1)
        self._wanted = {still * (num_frames - 1) // last: still for still in range(count)}
        self._passed = 0
        self._sheet = np.zeros(
            (self.grid.rows * self.grid.tile_height, self.grid.columns * tile_width, 3), dtype=np.uint8
        )

    def watch(self, chunks: Iterable[Frames]) -> Iterator[Frames]:
        """The same chunks, each looked at when the next is wanted: its reader has found it good by then."""
        for chunk in chunks:
            yield chunk
            for frame in chunk:
                if (still := self._wanted.get(self._passed)) is not None:
                    self._place(still, frame)
                self._passed += 1

    def jpeg(self) -> bytes:
        """The sheet, decoded again to be sure of it. Raises: DrawingFailed."""
        out = BytesIO()
        Image.fromarray(self._sheet).save(out, "JPEG", quality=QUALITY)
        data = out.getvalue()
        expected = (self._sheet.shape[1], self._sheet.shape[0])
        try:
            with Image.open(BytesIO(data)) as again:
                again.load()
                found = again.size
        except OSError as error:
            raise DrawingFailed(f"the spritesheet cannot be decoded: {error}", code="quality_check_failed") from None
        if found != expected:
            raise DrawingFailed(f"the spritesheet is {found} instead of {expected}", code="quality_check_failed")
        return data

    def _place(self, still: int, frame: Frames) -> None:
        grid = self.grid
        image = Image.fromarray(frame)
        if image.size != (grid.tile_width, grid.tile_height):
            image = image.resize((grid.tile_width, grid.tile_height), Image.Resampling.LANCZOS)
        row, column = divmod(still, grid.columns)
        top, left = row * grid.tile_height, column * grid.tile_width
        self._sheet[top : top + grid.tile_height, left : left + grid.tile_width] = np.asarray(image)

"""A small picture of what is being drawn, for those who wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Final

from PIL import Image

from functions.generate.engine import Drawing, Frames
from functions.generate.shelf import Shelf
from shared.core.errors import OutOfMemory

log = logging.getLogger(__name__)

UNASKED: Final = timedelta(seconds=30)
"""Between two previews of a job whose caller did not ask for any."""
MAX_SIDE: Final = 424
QUALITY: Final = 70


class Previews:
    """Makes one now and then. Worth no failure, and no waiting."""

    def __init__(self, shelf: Shelf, *, asked: timedelta | None, clock: Callable[[], float] = time.monotonic) -> None:
        """`asked` is how often its caller wants one; then the first comes with the first step."""
        self._shelf = shelf
        self._every = (asked or UNASKED).total_seconds()
        self._clock = clock
        self._due = clock() + (0.0 if asked else self._every)

    def after_step(self, drawing: Drawing) -> None:
        if self._clock() < self._due:
            return
        self._due = self._clock() + self._every
        try:
            picture = drawing.preview()
        except OutOfMemory as error:
            log.warning("no preview", extra={"error": error})
            return
        if picture is not None:
            self._shelf.show(webp(picture), drawing.step)


def webp(picture: Frames) -> bytes:
    """Enlarged, because a latent's pixel is tiny, to no more than `MAX_SIDE`."""
    image = Image.fromarray(picture)
    scale = MAX_SIDE / max(image.size)
    if scale > 1:
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        image = image.resize(size, Image.Resampling.BICUBIC)
    out = BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()

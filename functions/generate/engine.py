"""What draws. A model is `setup()` once and `begin()` for each video; one step is one call.

So progress, cancellation, checkpoints and deadlines are the caller's, between two steps, and need
no callbacks out of a library.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # the benchmark decodes on machines that have no pydantic
    from shared.core.request import VideoRequest

Frames = NDArray[np.uint8]
"""RGB pictures: (frames, height, width, 3), 0 to 255."""


class Drawing(Protocol):
    """One video while it is being drawn."""

    @property
    def preset(self) -> str:
        """How it is drawn: what may change the picture although the request is the same."""
        ...

    @property
    def step(self) -> int:
        """Denoising steps done, those before a checkpoint included."""
        ...

    @property
    def total_steps(self) -> int: ...

    def advance(self) -> None:
        """Do the next step.

        Raises:
            DrawingFailed: No later try would go better.
            OutOfMemory: The device is full; the drawing stays at its step.
        """
        ...

    def preview(self) -> Frames | None:
        """One small picture (height, width, 3) of what it will be, as far as one can tell; None: one cannot yet.

        Raises: OutOfMemory: The drawing can go on.
        """
        ...

    def checkpoint(self) -> bytes:
        """All that `VideoEngine.begin` needs to go on from here, and what proves that it fits."""
        ...

    def decode(self) -> Iterator[Frames]:
        """The pictures in order, in chunks, after the last step. Raises: as `advance`."""
        ...


class VideoEngine(Protocol):
    """A model in memory. The class that ENGINE names is called with the process's `Settings` alone, before anything
    else is imported: what it begins then, such as reading weights ahead, goes beside that.
    """

    def setup(self) -> None:
        """Load. The process is ready when it returns. Raises: ModelUnavailable."""
        ...

    @property
    def device(self) -> str:
        """What it draws on, by its maker's name (`NVIDIA H200`), or `cpu`. Known after `setup`."""
        ...

    def begin(self, request: VideoRequest, checkpoint: bytes | None = None) -> Drawing:
        """Start a drawing, or go on from `checkpoint`; one that does not fit the request is not used.

        Raises:
            ModelUnavailable: This process cannot draw with the request's model.
            OutOfMemory: The device is full.
        """
        ...

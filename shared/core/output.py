"""What a completed job leaves behind: its artifacts and what was measured on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.core.timings import Timings

VARIANTS: Final = ("video", "thumbnail", "spritesheet")
"""OpenAI's names of the files that a video consists of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One stored object. `key` names it in the artifact store; `sha256` is lower-case hex."""

    key: str
    content_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How a spritesheet is laid out: `stills` pictures in rows, left to right and top to bottom; sides in pixels."""

    columns: int
    rows: int
    stills: int
    tile_width: int
    tile_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The artifacts of the winning attempt, and the video's facts as decoded again."""

    video: Artifact
    thumbnail: Artifact
    spritesheet: Artifact | None = None
    """None: of a video that was drawn before there were any."""
    grid: Grid | None = None
    """The spritesheet's."""
    width: int
    height: int
    num_frames: int
    fps: int
    codec: str
    checks: tuple[str, ...] = ()
    """What was found right about it."""
    timings: Timings | None = None
    resumed_from: int = 0
    """The step of the checkpoint that the winning attempt began at; 0: it began from nothing."""
    gpu: str | None = None
    """What drew it, by its maker's name."""

    @property
    def variants(self) -> Mapping[str, Artifact]:
        """The files that there are, by OpenAI's names for them."""
        found = zip(VARIANTS, (self.video, self.thumbnail, self.spritesheet), strict=True)
        return {variant: artifact for variant, artifact in found if artifact is not None}

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.fps

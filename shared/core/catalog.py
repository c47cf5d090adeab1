"""The models that can be asked for, and the bounds of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIDE_MULTIPLE: Final = 16
"""Sides are multiples of 16: VAE 8x, patch 2x. diffusers lets multiples of 8 in and fails deep inside."""
PROMPT_TOKENS: Final = 256
"""What comes behind is not read: MochiPipeline's bound, and the length that the model was trained with."""
FRAME_STRIDE: Final = 6
"""Frame counts are 6k+1: the VAE's causal time stride. diffusers silently floors any other count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model: what it draws unless told otherwise, and what it can be told.

    Sides are in pixels, lengths in frames at `fps` frames a second. The defaults and the native
    size of mochi-1-preview are those of Genmo's model card.
    """

    id: str
    owned_by: str
    created: int
    width: int
    height: int
    max_width: int
    max_height: int
    num_frames: int
    max_frames: int
    fps: int
    num_inference_steps: int
    max_inference_steps: int
    guidance_scale: float
    max_guidance_scale: float = 20.0
    min_side: int = 64

    def frames_for(self, seconds: float) -> int:
        """The valid frame count nearest to `seconds`; may be outside the model's bounds."""
        return max(round((seconds * self.fps - 1) / FRAME_STRIDE), 1) * FRAME_STRIDE + 1

    def shaped(self, width: int, height: int) -> tuple[int, int]:
        """The size nearest to that shape with as many pixels as the native one, or as many as the bounds allow."""
        scale = math.sqrt(self.width * self.height / (width * height))
        return self.nearest_size(width * scale, height * scale)

    def nearest_size(self, width: float, height: float) -> tuple[int, int]:
        """The size within the bounds that looks most like this one: shrunk or grown as a whole, then rounded.

        What is wide stays wide. A size without area has no likeness, and stays as it is.
        """
        if not width or not height:
            return int(width), int(height)
        shrink = min(1.0, self.max_width / width, self.max_height / height)
        scale = max(shrink, self.min_side / min(width, height))
        nearest_width = _side(width * scale, self.min_side, self.max_width)
        return nearest_width, _side(height * scale, self.min_side, self.max_height)

    @property
    def max_seconds(self) -> float:
        return self.max_frames / self.fps


def _side(length: float, least: int, most: int) -> int:
    """The drawable side nearest to `length`; of two that are as near, the larger."""
    return min(max(int(length / SIDE_MULTIPLE + 0.5) * SIDE_MULTIPLE, least), most)


CATALOG: Final[Mapping[str, Model]] = {
    model.id: model
    for model in (
        Model(
            id="mochi-1-preview",
            owned_by="genmo",
            created=1729555200,
            width=848,
            height=480,
            max_width=848,
            max_height=848,
            num_frames=85,
            max_frames=163,
            fps=30,
            num_inference_steps=64,
            max_inference_steps=100,
            guidance_scale=4.5,
        ),
        # The same architecture with random weights, small enough for any laptop: it shows the
        # platform, not pictures.
        Model(
            id="mochi-1-tiny",
            owned_by="flipbook",
            created=1763856000,
            width=96,
            height=64,
            max_width=320,
            max_height=320,
            num_frames=13,
            max_frames=163,
            fps=30,
            num_inference_steps=4,
            max_inference_steps=100,
            guidance_scale=4.5,
        ),
    )
}

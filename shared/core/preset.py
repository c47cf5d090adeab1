"""How a video is drawn: as the model's authors do it, or faster for a price. No preset stands in for another."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Preset(StrEnum):
    """The first one is what a caller gets who names none, unless the operator puts another one first."""

    EXACT = "exact"
    FAST = "fast"
    TURBO = "turbo"


PRESETS: Final = tuple(preset.value for preset in Preset)
PRICE: Final[Mapping[str, str]] = {
    Preset.EXACT: "the model's own numbers",
    Preset.FAST: "matrices of 8-bit floats: another rounding, so details differ; needs a GPU that multiplies them",
    Preset.TURBO: "every second step goes on as the one before it went: the picture differs",
}
"""What each of them costs the picture, for people."""


def is_computed(step: int, steps: int, preset: str) -> bool:
    """Whether the model runs in step number `step`, counted from 0, or its last answer is taken again.

    A fixed rhythm, where TeaCache (arXiv 2411.19108) has a threshold: that one is a property of
    trained weights, and with it nobody knows beforehand how long a drawing takes.
    """
    return preset != Preset.TURBO or step % 2 == 0 or step == steps - 1


def computed_steps(steps: int, preset: str) -> int:
    return sum(is_computed(step, steps, preset) for step in range(steps))

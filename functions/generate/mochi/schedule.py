"""Where a drawing's steps lie: Genmo's linear-quadratic schedule, as MochiPipeline hands it to diffusers' scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from shared.core.errors import ModelUnavailable

THRESHOLD_NOISE: Final = 0.025
"""How much noise the linear half of the schedule takes away: the pipeline's constant, and Genmo's."""
CLOCK: Final = 1000
"""What the model is told at the end of the flow; at its start, 0."""
PLAIN: Final[dict[str, Any]] = {
    "num_train_timesteps": CLOCK,
    "shift": 1.0,
    "use_dynamic_shifting": False,
    "shift_terminal": None,
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "stochastic_sampling": False,
}
"""What diffusers' FlowMatchEulerDiscreteScheduler does by default: plain steps, and no dice."""
NEEDED: Final = PLAIN | {"invert_sigmas": True}
"""Mochi's clock runs upwards."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`sigmas` has one more than `timesteps`, the end."""

    sigmas: torch.Tensor
    timesteps: torch.Tensor


def check(scheduler: Mapping[str, Any]) -> None:
    """Raises: ModelUnavailable: That configuration takes other steps than these."""
    told = PLAIN | {"invert_sigmas": False} | dict(scheduler)
    wrong = {name: told[name] for name, value in NEEDED.items() if told[name] != value}
    if wrong:
        raise ModelUnavailable(f"its scheduler must be Mochi's FlowMatchEulerDiscreteScheduler, and has {wrong}")


def schedule(steps: int, device: torch.device) -> Schedule:
    """For two steps or more."""
    # diffusers counts in float64 and rounds once, before the clock is turned round.
    noise = torch.from_numpy(np.array([1.0 - each for each in _cleared(steps)]).astype(np.float32)).to(device)
    sigmas = 1.0 - noise
    return Schedule(torch.cat([sigmas, torch.ones(1, device=device)]), sigmas * CLOCK)


def _cleared(steps: int) -> list[float]:
    """The share of noise that is gone before each step: a line in the first half, then a parabola without a kink."""
    half = steps // 2
    rest = steps - half
    jump = half - THRESHOLD_NOISE * steps
    square = jump / (half * rest**2)
    line = THRESHOLD_NOISE / half - 2 * jump / rest**2
    return [step * THRESHOLD_NOISE / half for step in range(half)] + [
        square * step**2 + line * step + square * half**2 for step in range(half, steps)
    ]

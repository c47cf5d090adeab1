"""The second stage: noise becomes latents, one Euler step along the flow at a time.

Stateless: what a step needs is the latents, its number and the request.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch

from functions.generate.mochi.modules import Modules
from functions.generate.mochi.prompt import Prompt, guided
from functions.generate.mochi.schedule import Schedule
from shared.core.catalog import FRAME_STRIDE
from shared.core.preset import is_computed
from shared.core.request import VideoRequest

SPATIAL_STRIDE: Final = 8
"""Pixels along one side of a latent."""


def noise(modules: Modules, request: VideoRequest, dtype: torch.dtype) -> torch.Tensor:
    """Where a drawing starts: (1, channels, frames, height, width) in latents."""
    shape = (
        1,
        modules.transformer.config.in_channels,
        (request.num_frames - 1) // FRAME_STRIDE + 1,
        request.height // SPATIAL_STRIDE,
        request.width // SPATIAL_STRIDE,
    )
    # On the CPU wherever the model is: the same seed is the same noise on any device.
    generator = torch.Generator("cpu").manual_seed(request.seed)
    return torch.randn(shape, generator=generator, dtype=torch.float32).to(modules.device).to(dtype)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step leaves: the latents, and where the flow would end if it went straight on from there."""

    latents: torch.Tensor
    outlook: torch.Tensor
    velocity: torch.Tensor | None
    """The model's answer, guidance included, in float32: only where the next step takes it again."""


@dataclass(frozen=True, slots=True)
class Denoiser:
    """What all steps of one drawing have in common."""

    modules: Modules
    request: VideoRequest
    prompt: Prompt
    plan: Schedule

    def denoise(self, step: int, latents: torch.Tensor, velocity: torch.Tensor | None = None) -> Step:
        """Step number `step`, counted from 0. Guidance and the step itself run in float32.

        `velocity` is what the step before it left.
        """
        sigmas = self.plan.sigmas
        if velocity is None:
            velocity = self._velocity(self.plan.timesteps[step], latents)
        start = latents.to(torch.float32)
        after = start + (sigmas[step + 1] - sigmas[step]) * velocity
        kept = velocity if takes_again(self.modules.preset, step + 1, len(self.plan.timesteps)) else None
        return Step(after.to(latents.dtype), start + (sigmas[-1] - sigmas[step]) * velocity, kept)

    def _velocity(self, timestep: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        rows = torch.cat([latents] * len(self.prompt.mask))
        self.modules.attention.lengths = self.prompt.lengths
        with _quiet():
            found = self.modules.transformer(
                hidden_states=rows,
                encoder_hidden_states=self.prompt.embeddings,
                timestep=timestep.expand(len(rows)).to(latents.dtype),
                encoder_attention_mask=self.prompt.mask,
                return_dict=False,
            )[0]
        found = torch.as_tensor(found).to(torch.float32)
        if not guided(self.request):
            return found
        without, with_text = found.chunk(2)
        return without + self.request.guidance_scale * (with_text - without)


def takes_again(preset: str, step: int, steps: int) -> bool:
    """Whether `step` goes on as the one before it went."""
    return step < steps and not is_computed(step, steps, preset)


@contextmanager
def _quiet() -> Iterator[None]:
    """Diffusers' module asks for float32 autocast around its rotary frequencies; on a CPU torch says each time that it
    has none. Nothing is lost: the numbers are float32 there already.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In CPU autocast, but the target dtype is not supported")
        yield

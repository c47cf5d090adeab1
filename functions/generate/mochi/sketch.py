"""What a video will look like, guessed from its latents without the decoder."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from torch.nn import functional

from functions.generate.engine import Frames
from functions.generate.mochi.causal import CausalDecoder
from functions.generate.mochi.decoding import denormalized

SAMPLES: Final = 8
SIDE: Final = 8
"""Latents along each side of a sample: 512 colours, to which 13 numbers each are fitted."""
COARSE: Final = 0.9
"""Share of large, calm areas in a sample; the rest is noise. Pictures look so, and noise alone has no colours."""


class Sketcher:
    """A linear map from the channels of one latent to the mean colour of the pixels that it stands for.

    Fitted to the decoder by least squares: some smooth noise is decoded, and each patch of pixels
    averaged. That takes a moment, once for each loaded model, so that no array of numbers has to be
    shipped and kept true to the weights. How much of a picture such a map can tell is a property of
    trained weights; random ones have hardly any linear part, and their sketches show little.
    """

    def __init__(self, vae: Any) -> None:
        self._vae = vae

    def picture(self, latents: torch.Tensor) -> Frames | None:
        """The middle frame, one pixel for each latent: (height, width, 3). None where no map fits the decoder."""
        if self.weights is None:
            return None
        middle = latents[0, :, latents.shape[2] // 2].float()
        weights = self.weights.to(middle.device)
        light = torch.einsum("chw,cr->hwr", middle, weights[:-1]) + weights[-1]
        return np.asarray(((light * 0.5 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy(), np.uint8)

    @cached_property
    def weights(self) -> torch.Tensor | None:
        """(channels and a constant, 3): from latents as the transformer has them to colours from -1 to 1."""
        parameter = next(self._vae.parameters())
        latents = _samples(self._vae.config.latent_channels)
        with torch.inference_mode():
            there = denormalized(self._vae, latents.to(parameter.device, parameter.dtype))
            pictures = CausalDecoder(self._vae.decoder)(there)[:, :, -1].float().cpu()
        if not bool(torch.isfinite(pictures).all()):
            return None  # the drawing will fail by it, with the reason, and not by its preview
        colors = functional.avg_pool2d(pictures, self._vae.spatial_compression_ratio)
        known = latents[:, :, 0].movedim(1, -1).flatten(0, 2)
        known = torch.cat([known, torch.ones(len(known), 1)], dim=1)
        return torch.as_tensor(torch.linalg.lstsq(known, colors.movedim(1, -1).flatten(0, 2)).solution)


def _samples(channels: int) -> torch.Tensor:
    """One frame each, of unit variance or nearly so, as the transformer's latents are."""
    generator = torch.Generator("cpu").manual_seed(0)
    areas = torch.randn((SAMPLES, channels, 4, 4), generator=generator)
    calm = functional.interpolate(areas, size=(SIDE, SIDE), mode="bilinear")
    noise = torch.randn((SAMPLES, channels, SIDE, SIDE), generator=generator)
    return (COARSE * calm + (1 - COARSE) * noise)[:, :, None]

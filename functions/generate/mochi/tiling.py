"""Decoding by tiles, where not even one latent frame fits whole. The seams are blended, so it is not exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch

SIDE: Final = 256
STRIDE: Final = 192
"""Pixels: diffusers' own numbers, so that the outcome is that of `enable_tiling`."""


def tiled(vae: Any, latents: torch.Tensor, decode: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """What AutoencoderKLMochi.tiled_decode gives, each tile decoded by `decode`."""
    ratio = vae.spatial_compression_ratio
    height, width = latents.shape[-2] * ratio, latents.shape[-1] * ratio
    side, stride = SIDE // ratio, STRIDE // ratio
    rows = [
        [decode(latents[..., top : top + side, left : left + side]) for left in range(0, latents.shape[-1], stride)]
        for top in range(0, latents.shape[-2], stride)
    ]
    lines = [torch.cat(_blended(vae, rows, number), dim=-1) for number in range(len(rows))]
    return torch.cat(lines, dim=-2)[..., :height, :width]


def _blended(vae: Any, rows: list[list[torch.Tensor]], number: int) -> list[torch.Tensor]:
    """The tiles of one row without what the next ones bring, blended into those above and to the left."""
    row = rows[number]
    for place, tile in enumerate(row):
        if number:
            vae.blend_v(rows[number - 1][place], tile, SIDE - STRIDE)
        if place:
            vae.blend_h(row[place - 1], tile, SIDE - STRIDE)
    return [tile[..., :STRIDE, :STRIDE] for tile in row]

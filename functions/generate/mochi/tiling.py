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
    lines = [torch.cat(_blended(rows, number), dim=-1) for number in range(len(rows))]
    return torch.cat(lines, dim=-2)[..., :height, :width]


def _blended(rows: list[list[torch.Tensor]], number: int) -> list[torch.Tensor]:
    """The tiles of one row without what the next ones bring, blended into those above and to the left."""
    row = rows[number]
    for place, tile in enumerate(row):
        if number:
            _fade(rows[number - 1][place], tile, -2)
        if place:
            _fade(row[place - 1], tile, -1)
    return [tile[..., :STRIDE, :STRIDE] for tile in row]


def _fade(before: torch.Tensor, tile: torch.Tensor, dim: int) -> None:
    """In place: the tile's first pixels along `dim` come, one after another, more from itself and less from `before`.

    Each product is rounded as one with a plain number is, in float32 and then to the tile's own type.
    """
    length = min(before.shape[dim], tile.shape[dim], SIDE - STRIDE)
    own = torch.arange(length, dtype=torch.float64, device=tile.device) / length
    own = own.view(-1, 1) if dim == -2 else own
    old, new = before.narrow(dim, before.shape[dim] - length, length), tile.narrow(dim, 0, length)
    new.copy_((old * (1 - own).float()).to(tile.dtype) + (new * own.float()).to(tile.dtype))

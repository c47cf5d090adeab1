"""The last stage: latents become pictures, some frames at a time, so that memory is bounded and encoding can begin."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch

from functions.generate.engine import Frames
from functions.generate.mochi.causal import Between, CausalDecoder, between
from functions.generate.mochi.tiling import tiled
from shared.core.errors import DrawingFailed

log = logging.getLogger(__name__)

GIB: Final = 2**30
CHUNK_BYTES: Final = {"cpu": GIB, "cuda": 8 * GIB}
"""What a chunk may take, by kind of device. Fixed, and not what is free: cut otherwise, the last bits would differ."""
LIVE: Final = 6
"""Tensors of full size at the widest place, around the last convolutions: input, output of the first, and three in
`between`; one more for what a convolution takes for itself."""
TAILS: Final = 3
"""Latent frames' worth of memory that the kept frames take at most, whatever the chunk."""


def decode(
    vae: Any,
    latents: torch.Tensor,
    *,
    between: Between = between,
    chunk: int | None = None,
    room: int | None = None,
) -> Iterator[Frames]:
    """The pictures in order, at most `chunk` bytes of work at a time, by default `CHUNK_BYTES`.

    `room` is in bytes, by default what the device has: where not even one latent frame fits, it
    works by tiles, and the pictures are not quite the same.

    Raises: DrawingFailed: The decoder leaves numbers that are not finite.
    """
    latents = denormalized(vae, latents)
    frame, device = frame_bytes(vae, latents), latents.device
    size = max((chunk or CHUNK_BYTES[device.type]) // frame, 1)
    if frame * (1 + TAILS) > (_room(device) if room is None else room):
        log.warning("decoding by tiles: a frame of %d bytes does not fit", frame)
        pictures = tiled(vae, latents, lambda tile: torch.cat(list(_in_time(vae, tile, size, between)), dim=2))
        yield from (_bytes(part) for part in torch.split(pictures, 2 * vae.temporal_compression_ratio, dim=2))
    else:
        yield from (_bytes(part) for part in _in_time(vae, latents, size, between))


def denormalized(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """As the VAE made them, before they were given the mean and spread that the transformer likes."""
    mean, std = (_column(numbers, latents) for numbers in (vae.config.latents_mean, vae.config.latents_std))
    if mean is None or std is None:
        return torch.as_tensor(latents / vae.config.scaling_factor)
    return torch.as_tensor(latents * std / vae.config.scaling_factor + mean)


def frame_bytes(vae: Any, latents: torch.Tensor) -> int:
    """What one latent frame takes where the decoder is widest."""
    pixels = latents.shape[-1] * latents.shape[-2] * vae.spatial_compression_ratio**2
    channels = vae.config.decoder_block_out_channels[0]
    return int(pixels * vae.temporal_compression_ratio * channels * latents.element_size() * LIVE)


def _in_time(vae: Any, latents: torch.Tensor, size: int, between: Between) -> Iterator[torch.Tensor]:
    """Pieces of the video, of `size` latent frames and whole in space: (1, 3, frames, height, width)."""
    decoder = CausalDecoder(vae.decoder, between)
    surplus = vae.temporal_compression_ratio - 1
    for number, piece in enumerate(torch.split(latents, size, dim=2)):
        pictures = decoder(piece)
        # The first latent frame is one picture, and comes out as six.
        yield pictures[:, :, surplus:] if number == 0 else pictures


def _column(numbers: Any, like: torch.Tensor) -> torch.Tensor | None:
    return None if numbers is None else torch.tensor(numbers).view(1, -1, 1, 1, 1).to(like.device, like.dtype)


def _room(device: torch.device) -> int:
    """Bytes that a tensor may still find there."""
    if device.type != "cuda":
        return 2**63  # pages to disk rather than to refuse
    free, _ = torch.cuda.mem_get_info(device)
    return int(free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))


def _bytes(pictures: torch.Tensor) -> Frames:
    """Rounded on the device, as diffusers' numpy_to_pil rounds on the CPU."""
    if not bool(torch.isfinite(pictures).all()):
        raise DrawingFailed("the decoder left numbers that are not finite", code="quality_check_failed")
    light = (pictures[0].permute(1, 2, 3, 0) * 0.5 + 0.5).clamp(0, 1)
    return np.asarray((light.float() * 255).round().to(torch.uint8).cpu().numpy(), dtype=np.uint8)

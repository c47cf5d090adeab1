"""The VAE's decoder, walked through in pieces of time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import functional


class CausalDecoder:
    """diffusers' MochiDecoder3D over the same modules in the same order; only frames -1 and -2 come from elsewhere.

    Its convolutions look back two frames and never ahead. Each keeps the last two that it saw for
    the next piece, and repeats the first one before the first, as replicate padding does. Its
    norms are those of single frames. So any cut gives what one go gives, but for the last bits:
    a convolution over fewer frames may add in another order.
    """

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder
        self._tails: dict[Any, torch.Tensor] = {}

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        """The pictures of the next latents: (1, 3, frames, height, width), the first piece's with 5 too many."""
        decoder = self._decoder
        hidden = self._through(decoder.block_in.resnets, decoder.conv_in(latents))
        for block in decoder.up_blocks:
            hidden = _unfolded(block, _projected(block.proj, self._through(block.resnets, hidden)))
        hidden = decoder.nonlinearity(self._through(decoder.block_out.resnets, hidden))
        return _projected(decoder.proj_out, hidden)

    def _through(self, resnets: Iterable[Any], hidden: torch.Tensor) -> torch.Tensor:
        for resnet in resnets:
            inner = self._convolved(resnet.conv1, resnet.nonlinearity(resnet.norm1(hidden)))
            inner = self._convolved(resnet.conv2, resnet.nonlinearity(resnet.norm2(inner)))
            hidden = inner + hidden
        return hidden

    def _convolved(self, causal: Any, hidden: torch.Tensor) -> torch.Tensor:
        back = causal.time_kernel_size - 1
        before = self._tails.get(causal)
        if before is None:
            before = hidden[:, :, :1].expand(-1, -1, back, -1, -1)
        hidden = torch.cat([before, hidden], dim=2)
        self._tails[causal] = hidden[:, :, -back:].clone()
        sides = (causal.width_pad, causal.width_pad, causal.height_pad, causal.height_pad, 0, 0)
        return torch.as_tensor(causal.conv(functional.pad(hidden, sides, mode="replicate")))


def _projected(linear: Any, hidden: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(linear(hidden.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3))


def _unfolded(block: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Channels become frames and pixels."""
    times, side = block.temporal_expansion, block.spatial_expansion
    batch, _, frames, height, width = hidden.shape
    hidden = hidden.view(batch, -1, times, side, side, frames, height, width)
    hidden = hidden.permute(0, 1, 5, 2, 6, 3, 7, 4).contiguous()
    return hidden.view(batch, -1, frames * times, height * side, width * side)

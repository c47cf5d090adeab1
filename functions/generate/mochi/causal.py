"""The VAE's decoder, walked through in pieces of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from shared.core.errors import ModelUnavailable

BACK: Final = 2
"""Frames before its own that a convolution sees."""
SIDES: Final = (1, 1, 1, 1, 0, 0)
"""Pixels around each frame that it sees besides: left, right, above, below."""
VARIANTS: Final = 64
"""Shapes that are compiled at most: four widths, first pieces, others and last ones, of some sizes of video."""

Between = Callable[..., tuple[torch.Tensor, torch.Tensor]]


def between(
    hidden: torch.Tensor,
    before: torch.Tensor | None,
    weight: torch.Tensor,
    bias: torch.Tensor,
    *,
    groups: int,
    eps: float,
    layout: torch.memory_format,
) -> tuple[torch.Tensor, torch.Tensor]:
    """All that stands before a convolution: the norm of each frame, SiLU, pixels around, and the frames `before`.

    `hidden` is (batch, channels, frames, height, width). Gives what the convolution takes, in `layout`, and of that
    the last frames, which are `before` of the next piece; without, the first frame is repeated.

    A function over tensors, so that `compiled` makes few kernels of it. On a GPU torch norms and pads in contiguous
    memory alone; that these two say so, and not the join, lets the compiler write once, and straight in `layout`.
    """
    # One name, so that each tensor goes when the next one is there.
    now = functional.group_norm(hidden.permute(0, 2, 1, 3, 4).flatten(0, 1), groups, weight, bias, eps)
    now = functional.silu(now.view(len(hidden), -1, *now.shape[1:]).permute(0, 2, 1, 3, 4))
    now = functional.pad(now, SIDES, mode="replicate").contiguous(memory_format=layout)
    now = torch.cat([now[:, :, :1]] * BACK + [now] if before is None else [before, now], dim=2)
    return now, now[:, :, -BACK:].clone()


def compiled(**how: Any) -> Between:
    """`between` as one pass that reads and one that writes. Each shape is compiled when it is first met."""
    limits: Any = torch._dynamo.config  # noqa: SLF001 - its public place
    limits.recompile_limit = max(limits.recompile_limit, VARIANTS)
    return torch.compile(between, fullgraph=True, dynamic=False, **how)


def check(decoder: nn.Module) -> None:
    """Raises: ModelUnavailable: It bends its numbers otherwise than `between`."""
    others = {type(each).__name__ for name, each in decoder.named_modules() if name.endswith("nonlinearity")} - {"SiLU"}
    if others:
        raise ModelUnavailable(f"the VAE's decoder has {', '.join(sorted(others))}, and Mochi's has SiLU")


class CausalDecoder:
    """diffusers' MochiDecoder3D over the same modules in the same order; only frames -1 and -2 come from elsewhere.

    Its convolutions look back two frames and never ahead. Each keeps the last two that it saw for
    the next piece, and repeats the first one before the first, as replicate padding does. Its
    norms are those of single frames. So any cut gives what one go gives, but for the last bits:
    a convolution over fewer frames may add in another order.

    It works in the layout of its weights: contiguous, or, after `vae.to(memory_format=torch.channels_last_3d)`,
    with the channels last.
    """

    def __init__(self, decoder: Any, between: Between = between) -> None:
        self._decoder = decoder
        self._between = between
        self._layout = _layout(resnet.conv1.conv.weight for resnet in decoder.block_in.resnets)
        self._tails: dict[Any, torch.Tensor] = {}

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        """The pictures of the next latents: (1, 3, frames, height, width), the first piece's with 5 too many."""
        decoder = self._decoder
        # Of one pixel to one pixel torch cannot tell the layout, and takes the contiguous one.
        hidden = decoder.conv_in(latents).contiguous(memory_format=self._layout)
        hidden = self._through(decoder.block_in.resnets, hidden)
        for block in decoder.up_blocks:
            hidden = _projected(block.proj, self._through(block.resnets, hidden))
            hidden = _unfolded(hidden, block.temporal_expansion, block.spatial_expansion, self._layout)
        hidden = decoder.nonlinearity(self._through(decoder.block_out.resnets, hidden))
        return _projected(decoder.proj_out, hidden)

    def _through(self, resnets: Iterable[Any], hidden: torch.Tensor) -> torch.Tensor:
        for resnet in resnets:
            inner = self._convolved(resnet.norm1.norm_layer, resnet.conv1.conv, hidden)
            inner = self._convolved(resnet.norm2.norm_layer, resnet.conv2.conv, inner)
            hidden = inner + hidden
        return hidden

    def _convolved(self, norm: Any, convolution: Any, hidden: torch.Tensor) -> torch.Tensor:
        how = {"groups": norm.num_groups, "eps": norm.eps, "layout": self._layout}
        before = self._tails.get(convolution)
        whole, self._tails[convolution] = self._between(hidden, before, norm.weight, norm.bias, **how)
        return torch.as_tensor(convolution(whole))


def _layout(weights: Iterable[torch.Tensor]) -> torch.memory_format:
    last = torch.channels_last_3d
    return last if any(each.is_contiguous(memory_format=last) for each in weights) else torch.contiguous_format


def _projected(linear: Any, hidden: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(linear(hidden.permute(0, 2, 3, 4, 1)).permute(0, 4, 1, 2, 3))


def _unfolded(hidden: torch.Tensor, times: int, side: int, layout: torch.memory_format) -> torch.Tensor:
    """Channels become frames and pixels: (batch, channels, frames, times, height, side, width, side), written once."""
    batch, _, frames, height, width = hidden.shape
    hidden = hidden.view(batch, -1, times, side, side, frames, height, width).permute(0, 1, 5, 2, 6, 3, 7, 4)
    size = (frames * times, height * side, width * side)
    if layout == torch.channels_last_3d:
        return hidden.movedim(1, -1).reshape(batch, *size, -1).movedim(-1, 1)
    return hidden.reshape(batch, -1, *size)

"""Attention of 8-bit floats (e4m3), as `fast` may have it: what goes in is rounded, and so is what comes out.

A float has three bits behind the point however large it is, so what counts is what the rounding is of. From keys and
values their mean is taken first: softmax is blind to the one, and the other comes back after, since weights add up
to 1 (SageAttention 2, arXiv:2411.10958). Values have a scale for each channel, which goes through the sum unchanged.
"""

from __future__ import annotations

from typing import Final

import torch
from torch.nn import functional

from functions.generate.mochi import attention
from functions.generate.mochi.fp8 import LARGEST
from shared.core.errors import ModelUnavailable

SMALLEST: Final = 1e-12
"""Scale of nothing but zeros."""
WORST: Final = 0.1
"""Relative distance from bfloat16's, on numbers from a normal distribution; the rounding alone makes 0.05."""


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: torch.Tensor, tokens: int
) -> torch.Tensor:
    """As attention.attend; words that do not count may come out as anything finite."""
    key = key - key[:, :tokens].float().mean(dim=1, keepdim=True)
    middle = value[:, :tokens].float().mean(dim=1, keepdim=True)
    centred = value - middle
    spread = (centred.abs().amax(dim=1, keepdim=True) / LARGEST).clamp_min(SMALLEST)
    query8, query_scale = _rounded(query.float())
    key8, key_scale = _rounded(key)
    value8 = (centred / spread).to(torch.float8_e4m3fn)
    found = torch.ops.flipbook.attend_in_8_bits(query8, key8, value8, query_scale, key_scale, lengths, tokens)
    return torch.as_tensor((found.float() * spread + middle).to(query.dtype).flatten(2))


def _rounded(numbers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """All in 8 bits, and the one scale by which to multiply them."""
    scale = (numbers.abs().amax() / LARGEST).clamp_min(SMALLEST)
    return (numbers / scale).to(torch.float8_e4m3fn), scale


def _attend(  # noqa: PLR0917 - torch reads the schema off it
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_scale: torch.Tensor,
    key_scale: torch.Tensor,
    lengths: torch.Tensor,
    tokens: int,
) -> torch.Tensor:
    """The same arithmetic for any device, but that the weights are not rounded: what cuDNN's is held against.

    Queries, keys and values come in 8 bits as (rows, places, heads, width), and so does what goes out, zero where
    words do not count.
    """
    out = torch.zeros(query.shape, device=query.device)
    for row, words in enumerate(lengths.tolist()):
        q, k, v = (x[row : row + 1, : tokens + words].float().transpose(1, 2) for x in (query, key, value))
        found = functional.scaled_dot_product_attention(q * query_scale, k * key_scale, v)
        out[row, : tokens + words] = found.transpose(1, 2)[0]
    return out.to(query.dtype)


_in_8_bits = torch.library.custom_op("flipbook::attend_in_8_bits", _attend, mutates_args=())


@_in_8_bits.register_fake
def _(query: torch.Tensor, *_rest: torch.Tensor | int) -> torch.Tensor:
    return torch.empty_like(query)


@_in_8_bits.register_kernel("cuda")
def _(  # noqa: PLR0917 - as the operation has them
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_scale: torch.Tensor,
    key_scale: torch.Tensor,
    lengths: torch.Tensor,
    tokens: int,
) -> torch.Tensor:
    from functions.generate.mochi import cudnn_attention  # a package that only this needs

    query, key, value = (x.contiguous() for x in (query, key, value))
    found = cudnn_attention.attend(query, key, value, query_scale, key_scale, lengths + tokens)
    for row, words in enumerate(lengths.tolist()):
        # What nobody wrote may be no number, and would spoil the next layer's means.
        found[row, tokens + words :].view(torch.uint8).zero_()
    return found


def check(device: torch.device, worst: float = WORST) -> None:
    """Attend once in 8 bits and once in bfloat16.

    Raises: ModelUnavailable: They are too far apart, or this device or installation has no attention in 8 bits.
    """
    draw = torch.Generator("cpu").manual_seed(1)
    query, key, value = (torch.randn((2, 300, 2, 128), generator=draw).to(device, torch.bfloat16) for _ in range(3))
    lengths, tokens = torch.tensor([1, 44]), 256
    try:
        found = attend(query, key, value, lengths, tokens).float()
    except ImportError:
        raise ModelUnavailable(
            "FP8_ATTENTION=true needs functions/generate/requirements-fp8.txt: install it, or set FP8_ATTENTION=false"
        ) from None
    truth = attention.attend(query, key, value, lengths, tokens).float()
    counts = torch.arange(300)[None] < (lengths + tokens)[:, None]
    off = float((found - truth)[counts].norm() / truth[counts].norm())
    if not off < worst:
        raise ModelUnavailable(
            f"attention in 8 bits is off by {off:.3f} on this GPU, and {worst} is allowed: set FP8_ATTENTION=false"
        )

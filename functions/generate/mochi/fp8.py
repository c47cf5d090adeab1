"""Linear layers of 8-bit floats: each row of numbers with a scale of its own, their product in bfloat16.

Slower than bfloat16 unless it is compiled: the rounding must go into the kernels around it.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
from torch import nn

LARGEST: Final = 448.0
"""Of torch.float8_e4m3fn."""
CAPABILITY: Final = (9, 0)
"""Hopper: the first on which torch multiplies them with a scale for each row."""
_SMALLEST: Final = 1e-12
"""Scale of a row of zeros."""


class Fp8Linear(nn.Module):
    """In place of a bfloat16 nn.Linear. Weights are rounded once, what comes in at each call."""

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: Any) -> None:
        super().__init__()
        weight, scale = rounded(linear.weight.detach())
        self.register_buffer("weight", weight)
        self.register_buffer("scale", scale.t().contiguous())
        self.bias = linear.bias

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        rows, scale = rounded(hidden.reshape(-1, hidden.shape[-1]))
        found = torch._scaled_mm(  # noqa: SLF001 - torch has no public name for it
            rows, self.weight.t(), scale_a=scale, scale_b=self.scale, out_dtype=torch.bfloat16, use_fast_accum=True
        ).to(hidden.dtype)
        if self.bias is not None:
            found = found + self.bias
        return found.reshape(*hidden.shape[:-1], -1)


def rounded(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, width) numbers in 8 bits, and the scales (n, 1), float32, by which to multiply them."""
    scale = (rows.abs().amax(dim=1, keepdim=True).float() / LARGEST).clamp_min(_SMALLEST)
    return (rows.float() / scale).to(torch.float8_e4m3fn), scale


def is_possible(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= CAPABILITY


def twin(transformer: Any, attention: Any) -> Any:
    """A second transformer that shares all weights with the first, but for the linear layers that pictures pass.

    Those are 113 of the 208 million weights of each block. Text, time, norms and the ends of the model
    stay as they are: they cost little and steer a lot. `attention` is its processor, shared too.
    """
    shared = [*transformer.parameters(), *transformer.buffers(), attention]
    other = copy.deepcopy(transformer, {id(each): each for each in shared})
    for block in other.transformer_blocks:
        attn, forward = block.attn1, block.ff.net
        attn.to_q, attn.to_k, attn.to_v = (Fp8Linear(layer) for layer in (attn.to_q, attn.to_k, attn.to_v))
        attn.to_out[0] = Fp8Linear(attn.to_out[0])
        forward[0].proj, forward[2] = Fp8Linear(forward[0].proj), Fp8Linear(forward[2])
    return other

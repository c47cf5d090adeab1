"""The blocks of Mochi's transformer, as diffusers has them: the same weights by the same names, the same bits out.

Pictures and words each have weights of their own and look at each other in the attention alone. Norms have
no weights: what scales them comes from the time and the prompt.
After transformer_mochi.py, Copyright 2025 The Genmo team and The HuggingFace Team (Apache-2.0).
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import nn

NORM: Final = 1e-6
HEAD_NORM: Final = 1e-5

Rotary = tuple[torch.Tensor, torch.Tensor]


class Block(nn.Module):
    """The last one (`words` false) leaves the words as they are: nobody reads them any more."""

    def __init__(self, width: int, text_width: int, heads: int, head_width: int, *, words: bool) -> None:
        super().__init__()
        self.norm1 = _Modulation(width, 4 * width)
        self.norm1_context = _Modulation(width, 4 * text_width) if words else _Scale(width, text_width)
        self.attn1 = _Attention(width, text_width, heads, head_width, words=words)
        self.ff = _FeedForward(width)
        self.ff_context = _FeedForward(text_width) if words else None

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        temb: torch.Tensor,
        image_rotary_emb: Rotary,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (rows, tokens, width) and words (rows, words, text width) by the conditions (rows, width)."""
        seen, *gates = self.norm1(hidden_states, temb)
        read, *text_gates = self.norm1_context(encoder_hidden_states, temb)
        seen, read = self.attn1(seen, read, image_rotary_emb)
        hidden_states = _added(hidden_states, seen, gates, self.ff)
        if self.ff_context is None:
            return hidden_states, encoder_hidden_states
        return hidden_states, _added(encoder_hidden_states, read, text_gates, self.ff_context)


def _added(hidden: torch.Tensor, attended: torch.Tensor, gates: list[torch.Tensor], forward: Any) -> torch.Tensor:
    first, scale, second = gates
    hidden = hidden + modulated(attended, torch.tanh(first)[:, None])
    found = forward(modulated(hidden, 1 + scale[:, None].float()))
    return hidden + modulated(found, torch.tanh(second)[:, None])


def modulated(hidden: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Brought to a mean square of 1, then scaled: in float32."""
    wide = hidden.float()
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + NORM)
    return (wide * scale).to(hidden.dtype)


class _Modulation(nn.Module):
    """The norm before the attention, and the three gates after it."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, out)

    def forward(self, hidden: torch.Tensor, conditions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scale, *gates = self.linear(nn.functional.silu(conditions)).chunk(4, dim=1)
        return modulated(hidden, 1 + scale[:, None].float()), *gates


class _Scale(nn.Module):
    """The norm before the last attention."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width, out)

    def forward(self, hidden: torch.Tensor, conditions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scale = self.linear_1(nn.functional.silu(conditions).to(hidden.dtype))
        return (modulated(hidden, 1 + scale[:, None].float()),)


class _Attention(nn.Module):
    """Only what it is made of: how it is done says `processor` (attention.py)."""

    processor: Any

    def __init__(self, width: int, text_width: int, heads: int, head_width: int, *, words: bool) -> None:
        super().__init__()
        self.heads = heads
        self.norm_q, self.norm_k, self.norm_added_q, self.norm_added_k = (_HeadNorm(head_width) for _ in range(4))
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.add_q_proj, self.add_k_proj, self.add_v_proj = (nn.Linear(text_width, width, bias=False) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Identity()])
        if words:
            self.to_add_out = nn.Linear(width, text_width)

    def forward(self, seen: torch.Tensor, read: torch.Tensor, rotary: Rotary) -> tuple[torch.Tensor, torch.Tensor]:
        seen, read = self.processor(self, seen, read, None, rotary)
        return seen, read


class _HeadNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        variance = hidden.float().pow(2).mean(-1, keepdim=True)
        return (hidden * torch.rsqrt(variance + HEAD_NORM) * self.weight).to(hidden.dtype)


class _FeedForward(nn.Module):
    """Gated by SiLU (SwiGLU: Shazeer, https://arxiv.org/abs/2002.05202)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = 4 * width * 2 // 3
        self.net = nn.ModuleList([_Gated(width, inner), nn.Identity(), nn.Linear(inner, width, bias=False)])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.net[2](self.net[0](hidden)))


class _Gated(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        value, gate = self.proj(hidden).chunk(2, dim=-1)
        return torch.as_tensor(value * nn.functional.silu(gate))

"""Mochi's transformer, as diffusers' MochiTransformer3DModel: the same weights by the same names, the same bits out.

Ours, because diffusers takes seconds to import (docs/decisions/0032).
After transformer_mochi.py, Copyright 2025 The Genmo team and The HuggingFace Team (Apache-2.0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from functions.generate.mochi.blocks import Block, Rotary
from functions.generate.mochi.reading import Unreadable

POOL_HEADS: Final = 8
LAST_NORM: Final = 1e-6
AREA: Final = 192 * 192
"""Tokens of a picture on which positions are scaled to 1."""
PERIOD: Final = 10000
"""Longest of the waves that tell the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Those keys of its config.json that it is built from; what is left out is mochi-1-preview's."""

    patch_size: int = 2
    num_attention_heads: int = 24
    attention_head_dim: int = 128
    num_layers: int = 48
    pooled_projection_dim: int = 1536
    in_channels: int = 12
    out_channels: int | None = None
    text_embed_dim: int = 4096
    time_embed_dim: int = 256

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """Raises: Unreadable: Its blocks are others than Mochi's."""
        if (config.get("qk_norm", "rms_norm"), config.get("activation_fn", "swiglu")) != ("rms_norm", "swiglu"):
            raise Unreadable("the transformer's norms or gates are not those of Mochi")
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.items() if name in known})

    @property
    def width(self) -> int:
        return self.num_attention_heads * self.attention_head_dim


class Transformer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.config, width = shape, shape.width
        self.patch_embed = _Patches(shape)
        self.time_embed = _Conditions(shape)
        self.pos_frequencies = nn.Parameter(torch.zeros(3, shape.num_attention_heads, shape.attention_head_dim // 2))
        sizes = (width, shape.pooled_projection_dim, shape.num_attention_heads, shape.attention_head_dim)
        self.transformer_blocks = nn.ModuleList(
            Block(*sizes, words=number < shape.num_layers - 1) for number in range(shape.num_layers)
        )
        self.norm_out = _LastNorm(width)
        self.proj_out = nn.Linear(width, shape.patch_size**2 * (shape.out_channels or shape.in_channels))

    def forward(
        self,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        timestep: torch.Tensor,
        encoder_attention_mask: torch.Tensor,
        *,
        return_dict: bool = False,  # noqa: ARG002 - diffusers' modules are asked by the same words
    ) -> tuple[torch.Tensor]:
        """The velocity at the latents (rows, channels, frames, height, width), for one time in each row.

        Words come as (rows, words, text width) with a mask (rows, words).
        """
        rows, _, frames, height, width = hidden_states.shape
        side = self.config.patch_size
        conditions, words = self.time_embed(
            timestep, encoder_hidden_states, encoder_attention_mask, hidden_states.dtype
        )
        tokens = self.patch_embed(hidden_states.permute(0, 2, 1, 3, 4).flatten(0, 1))
        tokens = tokens.unflatten(0, (rows, -1)).flatten(1, 2)
        rotary = self._rotary(frames, height // side, width // side)
        for block in self.transformer_blocks:
            tokens, words = block(tokens, words, conditions, rotary)
        found = self.proj_out(self.norm_out(tokens, conditions))
        found = found.reshape(rows, frames, height // side, width // side, side, side, -1)
        return (found.permute(0, 6, 1, 2, 4, 3, 5).reshape(rows, -1, frames, height, width),)

    def _rotary(self, frames: int, height: int, width: int) -> Rotary:
        """Cosine and sine (tokens, heads, half a head) of each token's place, whose frequencies were learned."""
        device, scale = self.pos_frequencies.device, (AREA / (height * width)) ** 0.5
        sides = (_centers(side * scale, side, device) for side in (height, width))
        grid = torch.meshgrid(torch.arange(frames, device=device, dtype=torch.float32), *sides, indexing="ij")
        places = torch.stack(grid, dim=-1).view(-1, 3)
        angles = torch.einsum("nd,dhf->nhf", places, self.pos_frequencies.float())
        return torch.cos(angles), torch.sin(angles)


def _centers(length: float, count: int, device: torch.device) -> torch.Tensor:
    edges = torch.linspace(-length / 2, length / 2, count + 1, device=device)
    return (edges[:-1] + edges[1:]) / 2


class _Patches(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        side = shape.patch_size
        self.proj = nn.Conv2d(shape.in_channels, shape.width, kernel_size=(side, side), stride=side)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.proj(pictures).flatten(2).transpose(1, 2))


class _Conditions(nn.Module):
    """What steers all blocks: the time and all words in one vector; beside it the words, as the blocks read them."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self._waves = shape.time_embed_dim
        self.timestep_embedder = _TimeStep(shape)
        self.pooler = _Pool(shape.text_embed_dim, shape.width)
        self.caption_proj = nn.Linear(shape.text_embed_dim, shape.pooled_projection_dim)

    def forward(
        self, timestep: torch.Tensor, words: torch.Tensor, mask: torch.Tensor, dtype: torch.dtype
    ) -> tuple[torch.Tensor, torch.Tensor]:
        time = self.timestep_embedder(_waves(timestep, self._waves).to(dtype))
        return time + self.pooler(words, mask), self.caption_proj(words)


def _waves(timestep: torch.Tensor, count: int) -> torch.Tensor:
    """Cosines and sines (rows, count) of the time, from fast to slow ones (Vaswani et al., arXiv:1706.03762)."""
    half = count // 2
    exponent = -math.log(PERIOD) * torch.arange(half, dtype=torch.float32, device=timestep.device) / half
    angles = timestep[:, None].float() * torch.exp(exponent)[None, :]
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


class _TimeStep(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(shape.time_embed_dim, shape.width)
        self.linear_2 = nn.Linear(shape.width, shape.width)

    def forward(self, waves: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.linear_2(functional.silu(self.linear_1(waves))))


class _Pool(nn.Module):
    """All words in one: their mean asks each of them, and itself, for what counts."""

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.to_kv = nn.Linear(text_width, 2 * text_width)
        self.to_q = nn.Linear(text_width, text_width)
        self.to_out = nn.Linear(text_width, width)

    def forward(self, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        share = mask[:, :, None].to(words.dtype)
        share = share / share.sum(dim=1, keepdim=True).clamp(min=1)
        words = torch.cat([(words * share).sum(dim=1, keepdim=True), words], dim=1)
        heads = (POOL_HEADS, words.shape[2] // POOL_HEADS)
        key, value = self.to_kv(words).unflatten(2, (2, *heads)).transpose(1, 3).unbind(2)
        query = self.to_q(words[:, 0]).unflatten(1, heads).unsqueeze(2)
        seen = functional.pad(mask[:, None, None, :].bool(), (1, 0), value=True)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return torch.as_tensor(self.to_out(found.squeeze(2).flatten(1, 2)))


class _LastNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)

    def forward(self, tokens: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        scale, shift = self.linear(functional.silu(conditions).to(tokens.dtype)).chunk(2, dim=1)
        normed = functional.layer_norm(tokens, tokens.shape[-1:], eps=LAST_NORM)
        return torch.as_tensor(normed * (1 + scale)[:, None] + shift[:, None])

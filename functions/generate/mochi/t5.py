"""T5's encoder, version 1.1, as transformers' T5EncoderModel: the same weights by the same names, the same bits out.

Ours, because transformers takes seconds to import (docs/decisions/0032).
Raffel et al., https://arxiv.org/abs/1910.10683; Shazeer, https://arxiv.org/abs/2002.05202 for the gates.
After modeling_t5.py, Copyright 2018 Mesh TensorFlow authors, T5 Authors and HuggingFace Inc. team (Apache-2.0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from functions.generate.mochi.reading import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Those keys of its config.json that it is built from."""

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_heads: int
    layer_norm_epsilon: float = 1e-6
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """Raises: Unreadable: It is another kind of T5."""
        if config.get("feed_forward_proj") != "gated-gelu" or config.get("dense_act_fn", "gelu_new") != "gelu_new":
            raise Unreadable("the text encoder is not T5 version 1.1, whose layers are gated by gelu")
        known = {field.name for field in fields(cls)}
        try:
            return cls(**{name: value for name, value in config.items() if name in known})
        except TypeError as error:
            raise Unreadable(f"the text encoder's config.json is not whole: {error}") from None


class T5Encoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shared = _embedding(shape.vocab_size, shape.d_model)
        self.encoder = _Stack(shape, self.shared)

    @property
    def dtype(self) -> torch.dtype:
        return self.shared.weight.dtype

    def forward(self, ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor]:
        """(rows, words, width) for the numbers (rows, words) of words, of which those count that the mask names."""
        return (self.encoder(ids, attention_mask),)


def _embedding(count: int, width: int) -> nn.Embedding:
    """Without numbers: torch would draw some, for which on the meta device it imports its compiler, in a second."""
    return nn.Embedding(count, width, _weight=torch.empty(count, width))


class _Stack(nn.Module):
    def __init__(self, shape: Shape, embed_tokens: nn.Embedding) -> None:
        super().__init__()
        self.embed_tokens = embed_tokens
        self.block = nn.ModuleList(_Block(shape, first=number == 0) for number in range(shape.num_layers))
        self.final_layer_norm = _Norm(shape)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.embed_tokens(ids)
        first: Any = self.block[0]
        bias = first.layer[0].SelfAttention.bias(ids.shape[1])
        mask = mask[:, None, None, :].bool().expand(-1, 1, ids.shape[1], -1)
        # The lowest number and not minus infinity: a row in which no word counts has finite numbers.
        bias = torch.where(mask, bias, torch.finfo(bias.dtype).min).contiguous()
        for block in self.block:
            hidden = block(hidden, bias)
        return torch.as_tensor(self.final_layer_norm(hidden))


class _Block(nn.Module):
    def __init__(self, shape: Shape, *, first: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList([_AttentionLayer(shape, first=first), _FeedForwardLayer(shape)])

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.layer[1](self.layer[0](hidden, bias)))


class _AttentionLayer(nn.Module):
    def __init__(self, shape: Shape, *, first: bool) -> None:
        super().__init__()
        self.SelfAttention = _Attention(shape, first=first)
        self.layer_norm = _Norm(shape)

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return hidden + torch.as_tensor(self.SelfAttention(self.layer_norm(hidden), bias))


class _FeedForwardLayer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.DenseReluDense = _Gated(shape)
        self.layer_norm = _Norm(shape)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return hidden + torch.as_tensor(self.DenseReluDense(self.layer_norm(hidden)))


class _Attention(nn.Module):
    """Without a scale; where a word stands is told by a bias alone, which the first layer has for all."""

    def __init__(self, shape: Shape, *, first: bool) -> None:
        super().__init__()
        inner = shape.num_heads * shape.d_kv
        self.q, self.k, self.v = (nn.Linear(shape.d_model, inner, bias=False) for _ in range(3))
        self.o = nn.Linear(inner, shape.d_model, bias=False)
        self._heads, self._farthest = shape.num_heads, shape.relative_attention_max_distance
        if first:
            self.relative_attention_bias = _embedding(shape.relative_attention_num_buckets, shape.num_heads)

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            layer(hidden).unflatten(2, (self._heads, -1)).transpose(1, 2) for layer in (self.q, self.k, self.v)
        )
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, scale=1.0)
        return torch.as_tensor(self.o(found.transpose(1, 2).flatten(2)))

    def bias(self, words: int) -> torch.Tensor:
        """(1, heads, words, words): how much each looks at each, by their distance."""
        places = torch.arange(words, device=self.relative_attention_bias.weight.device)
        values = self.relative_attention_bias(self._buckets(places[None, :] - places[:, None]))
        return torch.as_tensor(values.permute(2, 0, 1)[None])

    def _buckets(self, distance: torch.Tensor) -> torch.Tensor:
        """Half of them for those behind, half for those ahead; in each, half exact and half logarithmic."""
        half = self.relative_attention_bias.num_embeddings // 2
        exact = half // 2
        ahead, distance = (distance > 0).long() * half, distance.abs()
        wide = torch.log(distance.float() / exact) / math.log(self._farthest / exact) * (half - exact)
        far = (exact + wide.long()).clamp(max=half - 1)
        return ahead + torch.where(distance < exact, distance, far)


class _Gated(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.wi_0, self.wi_1 = (nn.Linear(shape.d_model, shape.d_ff, bias=False) for _ in range(2))
        self.wo = nn.Linear(shape.d_ff, shape.d_model, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.wo(_gelu(self.wi_0(hidden)) * self.wi_1(hidden)))


class _Norm(nn.Module):
    """Only scales: no mean is taken away, and nothing added."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.d_model))
        self._epsilon = shape.layer_norm_epsilon

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        variance = hidden.float().pow(2).mean(-1, keepdim=True)
        return self.weight * (hidden * torch.rsqrt(variance + self._epsilon)).to(self.weight.dtype)


def _gelu(x: torch.Tensor) -> torch.Tensor:
    """Transformers' gelu_new, which rounds otherwise than torch's gelu(approximate="tanh")."""
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))

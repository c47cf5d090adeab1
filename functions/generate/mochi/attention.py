"""Mochi's attention without waiting for the device: the numbers are those of diffusers' processor, bit for bit.

That one asks the mask in each of 48 layers which words count, and each answer stops the GPU's
queue, and torch.compile's graph. Here the number of words is known before the first step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, int], torch.Tensor]
"""Of queries, keys, values, lengths and tokens, as `_attend` has them."""


class JointAttention:
    """The attention processor of all blocks of one transformer. It is told the prompts' lengths before each forward."""

    lengths: torch.Tensor
    """Words of each row (rows,), on the CPU: reading them waits for nobody. There are none before the first prompt."""

    def __init__(self, attend: Attend) -> None:
        self._attend = attend

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        attention_mask: torch.Tensor,  # noqa: ARG002 - `lengths` says the same
        image_rotary_emb: tuple[torch.Tensor, torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pictures (rows, tokens, width) and words (rows, words, width), after each has seen the other."""
        seen = [_heads(attn, layer, hidden_states) for layer in (attn.to_q, attn.to_k, attn.to_v)]
        read = [_heads(attn, layer, encoder_hidden_states) for layer in _text_layers(attn)]
        seen[:2] = (
            _turned(norm(x), *image_rotary_emb) for norm, x in zip((attn.norm_q, attn.norm_k), seen[:2], strict=True)
        )
        read[:2] = attn.norm_added_q(read[0]), attn.norm_added_k(read[1])
        # Joined here and not in the operation: compiled, each half is written to its place at once.
        query, key, value = (torch.cat(halves, dim=1) for halves in zip(seen, read, strict=True))
        tokens = hidden_states.shape[1]
        both = self._attend(query, key, value, self.lengths, tokens)
        pictures, words = both.split_with_sizes((tokens, encoder_hidden_states.shape[1]), dim=1)
        return attn.to_out[1](attn.to_out[0](pictures)), attn.to_add_out(words) if hasattr(
            attn, "to_add_out"
        ) else words


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: torch.Tensor, tokens: int
) -> torch.Tensor:
    """See `_attend`."""
    # The operation imports the compiler when it is first called, which takes seconds: only a graph needs it.
    how = torch.ops.flipbook.attend if torch.compiler.is_compiling() else _attend
    return torch.as_tensor(how(query, key, value, lengths, tokens))


def attend_with(transformer: Any, how: Attend = attend) -> JointAttention:
    """Give all blocks of `transformer` one new processor, which is returned."""
    processor = JointAttention(how)
    for block in transformer.transformer_blocks:
        block.attn1.processor = processor
    return processor


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, lengths: torch.Tensor, tokens: int
) -> torch.Tensor:
    """Attention of each row over its first `tokens` places and `lengths` more: (rows, places, heads * width).

    All come as (rows, places, heads, width), pictures before words. What stands for words that do not
    count is zero.
    """
    rows, places, heads, width = query.shape
    out = query.new_empty(rows, places, heads * width)
    for row, words in enumerate(lengths.tolist()):
        q, k, v = (x[row : row + 1, : tokens + words].transpose(1, 2) for x in (query, key, value))
        found = functional.scaled_dot_product_attention(q, k, v)
        out[row, : tokens + words] = found.transpose(1, 2).flatten(2)[0]
        out[row, tokens + words :] = 0
    return out


_operation = torch.library.custom_op("flipbook::attend", _attend, mutates_args=())
"""The same as one operation to torch.compile, so that another prompt's length compiles nothing anew."""


@_operation.register_fake
def _(query: torch.Tensor, *_rest: torch.Tensor | int) -> torch.Tensor:
    return query.new_empty(*query.shape[:2], query.shape[2] * query.shape[3])


def _text_layers(attn: Any) -> tuple[Any, Any, Any]:
    return attn.add_q_proj, attn.add_k_proj, attn.add_v_proj


def _heads(attn: Any, layer: Any, hidden: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(layer(hidden).unflatten(2, (attn.heads, -1)))


def _turned(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary positions: even and odd numbers are the two sides of one angle. In float32, as diffusers does it."""
    even, odd = x[..., 0::2].float(), x[..., 1::2].float()
    turned = (even * cos - odd * sin).to(x.dtype), (even * sin + odd * cos).to(x.dtype)
    return torch.stack(turned, dim=-1).flatten(-2)

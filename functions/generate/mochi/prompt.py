"""The first stage: a prompt becomes what the transformer reads."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from functions.generate.mochi.modules import Modules
from shared.core.request import VideoRequest


@dataclass(frozen=True, slots=True)
class Prompt:
    """Embeddings (rows, tokens, width) and which of the tokens count; with guidance the negative prompt's row first."""

    embeddings: torch.Tensor
    mask: torch.Tensor
    lengths: torch.Tensor
    """How many of each row's tokens count, on the CPU; they come first."""


def encode(modules: Modules, request: VideoRequest) -> Prompt:
    """MochiPipeline.encode_prompt: each text by itself, since a batch would round otherwise."""
    texts = (request.negative_prompt, request.prompt) if guided(request) else (request.prompt,)
    rows = [_encode(modules, text) for text in texts]
    return Prompt(*(torch.cat([getattr(row, name) for row in rows]) for name in ("embeddings", "mask", "lengths")))


def guided(request: VideoRequest) -> bool:
    """Whether the negative prompt plays a part: a scale of 1 multiplies the difference away."""
    return request.guidance_scale > 1.0


def _encode(modules: Modules, text: str) -> Prompt:
    ids, mask = modules.words(text)
    if modules.zeros_for_empty_prompt and not text:
        ids, mask = torch.zeros_like(ids), torch.zeros_like(mask)
    lengths, ids, mask = mask.sum(dim=-1), ids.to(modules.device), mask.to(modules.device)
    embeddings = modules.text_encoder(ids, attention_mask=mask)[0]
    return Prompt(embeddings.to(modules.text_encoder.dtype), mask, lengths)

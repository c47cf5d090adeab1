"""Mochi-1's architecture at full size or tiny, with random weights, and what goes into it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl_mochi import AutoencoderKLMochi
from diffusers.models.transformers.transformer_mochi import MochiTransformer3DModel
from transformers.models.t5.configuration_t5 import T5Config
from transformers.models.t5.modeling_t5 import T5EncoderModel

GUIDANCE: Final = 4.5
WORDS: Final = 96
"""Of the prompt; the negative one is empty."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of one benchmark. Empty configurations are diffusers' defaults, which are mochi-1-preview's."""

    height: int
    width: int
    frames: tuple[int, ...]
    transformer: dict[str, Any]
    vae: dict[str, Any]
    text: dict[str, int]


FULL: Final = Scale(
    480,
    848,
    (31, 163, 85),
    {},
    {},
    {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64},
)
TINY: Final = Scale(
    64,
    96,
    (13,),
    {
        "num_attention_heads": 2,
        "attention_head_dim": 16,
        "num_layers": 3,
        "pooled_projection_dim": 16,
        "text_embed_dim": 32,
        "time_embed_dim": 16,
    },
    {
        "encoder_block_out_channels": (32,) * 4,
        "decoder_block_out_channels": (32,) * 4,
        "layers_per_block": (1,) * 5,
    },
    {"vocab_size": 354, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4},
)


def transformer(scale: Scale, device: torch.device, dtype: torch.dtype) -> Any:
    return _built(lambda: MochiTransformer3DModel(**scale.transformer), device, dtype)


def vae(scale: Scale, device: torch.device, dtype: torch.dtype) -> Any:
    return _built(lambda: AutoencoderKLMochi(**scale.vae), device, dtype)


def text_encoder(scale: Scale, device: torch.device, dtype: torch.dtype) -> Any:
    config = T5Config(feed_forward_proj="gated-gelu", is_encoder_decoder=False, tie_word_embeddings=False, **scale.text)
    return _built(lambda: T5EncoderModel(config), device, dtype)


def _built(build: Any, device: torch.device, dtype: torch.dtype) -> Any:
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            module = build()
    finally:
        torch.set_default_dtype(torch.float32)
    return lively(module, device)


@torch.no_grad()
def lively(module: Any, device: torch.device) -> Any:
    """Weights under which every layer counts: by default rotary frequencies and gates are zero or nearly so."""
    generator = torch.Generator(device).manual_seed(1)
    for name, weight in module.named_parameters():
        if "pos_frequencies" in name:
            weight.normal_(0, 0.3, generator=generator)
        elif weight.ndim >= 2:
            weight.normal_(0, weight[0].numel() ** -0.5, generator=generator)
        elif name.endswith("bias"):
            weight.normal_(0, 0.4 if "norm1" in name else 0.02, generator=generator)
        else:
            weight.normal_(1, 0.05, generator=generator)
    return module.requires_grad_(False).eval()


@dataclass(frozen=True, slots=True)
class Question:
    """What the transformer is asked in one step with guidance: two rows, without and with the prompt."""

    latents: torch.Tensor
    words: torch.Tensor
    mask: torch.Tensor
    lengths: torch.Tensor

    @classmethod
    def of(cls, scale: Scale, frames: int, device: torch.device, dtype: torch.dtype) -> Question:
        generator = torch.Generator("cpu").manual_seed(7)
        shape = (1, 12, (frames - 1) // 6 + 1, scale.height // 8, scale.width // 8)
        latents = torch.randn(shape, generator=generator)
        words = 0.2 * torch.randn((2, 256, scale.text["d_model"]), generator=generator)
        lengths = torch.tensor([1, WORDS])
        mask = torch.arange(256) < lengths[:, None]
        return cls(latents.to(device, dtype), words.to(device, dtype), mask.to(device), lengths)

    def put_to(self, model: Any) -> torch.Tensor:
        """The guided velocity, in float32."""
        with _quiet():
            found = model(
                hidden_states=torch.cat([self.latents] * 2),
                encoder_hidden_states=self.words,
                timestep=torch.full((2,), 500.0, device=self.latents.device, dtype=self.latents.dtype),
                encoder_attention_mask=self.mask,
                return_dict=False,
            )[0].float()
        without, with_words = found.chunk(2)
        return torch.as_tensor(without + GUIDANCE * (with_words - without))


@contextmanager
def _quiet() -> Iterator[None]:
    """See functions/generate/mochi/denoising.py."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In CPU autocast")
        yield

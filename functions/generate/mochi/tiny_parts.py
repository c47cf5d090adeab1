"""What mochi-1-tiny is made of, as diffusers builds and saves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from diffusers.models import AutoencoderKLMochi, MochiTransformer3DModel
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline
from diffusers.schedulers import FlowMatchEulerDiscreteScheduler
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

_TEXT_WIDTH: Final = 32
_MAX_TOKENS: Final = 256
_SPECIAL: Final = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def pipeline() -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MochiPipeline(
            tokenizer=_tokenizer(),
            text_encoder=_lively(_text_encoder(), seed=1),
            transformer=_lively(_transformer(), seed=2),
            vae=_lively(_vae(), seed=3),
            # Mochi's clock runs from 0 to 1000; the hub's scheduler configuration says so too.
            scheduler=FlowMatchEulerDiscreteScheduler(invert_sigmas=True),
        )


def _tokenizer() -> Any:
    """T5's shape of tokenizer over a vocabulary of bytes, so that no two prompts look alike to the model.

    transformers' own T5 class forgets `byte_fallback` when it is loaded; the plain one keeps it.
    """
    vocabulary = [*((word, 0.0) for word in _SPECIAL.values()), ("▁", -2.0)]
    vocabulary += [(chr(code), -8.0) for code in range(ord("!"), ord("~") + 1)]
    vocabulary += [(f"<0x{byte:02X}>", -9.0) for byte in range(256)]
    backend = Tokenizer(Unigram(vocabulary, unk_id=2, byte_fallback=True))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    backend.post_processor = processors.TemplateProcessing(single=["$A", "</s>"], special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=_MAX_TOKENS,
        **_SPECIAL,
    )


def _text_encoder() -> Any:
    return T5EncoderModel(
        T5Config(
            vocab_size=4 + 94 + 256,
            d_model=_TEXT_WIDTH,
            d_kv=8,
            d_ff=64,
            num_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            is_encoder_decoder=False,
            use_cache=False,
            tie_word_embeddings=False,
        )
    )


def _transformer() -> Any:
    return MochiTransformer3DModel(
        patch_size=2,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=3,
        pooled_projection_dim=16,
        in_channels=12,  # the pipeline's number
        text_embed_dim=_TEXT_WIDTH,  # its pooler has 8 heads
        time_embed_dim=16,
        max_sequence_length=_MAX_TOKENS,
    )


def _vae() -> Any:
    channels = (32, 32, 32, 32)  # its GroupNorms have 32 groups
    return AutoencoderKLMochi(
        encoder_block_out_channels=channels, decoder_block_out_channels=channels, layers_per_block=(1, 1, 1, 1, 1)
    )


@torch.no_grad()
def _lively(module: Any, *, seed: int) -> Any:
    """Weights under which every layer counts.

    The library starts with rotary frequencies of zero and gates near zero: then positions and
    whole blocks hardly matter, and a wrong one would draw the same picture.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, weight in module.named_parameters():
        noise = torch.randn(weight.shape, generator=generator)
        weight.copy_(_scaled(name, weight)(noise))
    return module.eval()


def _scaled(name: str, weight: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    if "pos_frequencies" in name:
        return lambda noise: 0.3 * noise
    if weight.ndim >= 2:
        fan_in = weight[0].numel()
        return lambda noise: noise / fan_in**0.5
    if name.endswith("bias"):
        gate = 0.4 if "norm1" in name else 0.02
        return lambda noise: gate * noise
    return lambda noise: 1 + 0.05 * noise

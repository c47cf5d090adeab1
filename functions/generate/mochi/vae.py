"""What Mochi's decoder is made of, as diffusers' AutoencoderKLMochi: the same weights by the same names.

How pictures pass through it says causal.py. The encoder is left out: no text needs it.
After autoencoder_kl_mochi.py, Copyright 2025 The Mochi team and The HuggingFace Team (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import prod
from typing import Any, Final

from torch import nn

from functions.generate.mochi.reading import Unreadable

GROUPS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Those keys of its config.json that it is built from; what is left out is mochi-1-preview's."""

    out_channels: int = 3
    decoder_block_out_channels: tuple[int, ...] = (128, 256, 512, 768)
    latent_channels: int = 12
    layers_per_block: tuple[int, ...] = (3, 3, 4, 6, 3)
    temporal_expansions: tuple[int, ...] = (1, 2, 3)
    spatial_expansions: tuple[int, ...] = (2, 2, 2)
    latents_mean: tuple[float, ...] | None = None
    latents_std: tuple[float, ...] | None = None
    scaling_factor: float = 1.0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """Raises: Unreadable: It is not Mochi's."""
        if config.get("act_fn", "silu") != "silu" or not {"latents_mean", "latents_std"} <= config.keys():
            raise Unreadable("the VAE's config.json is not that of Mochi")
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.items() if name in known})


class Vae(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.config = shape
        self.spatial_compression_ratio = prod(shape.spatial_expansions)
        self.temporal_compression_ratio = prod(shape.temporal_expansions)
        self.decoder = _Decoder(shape)


class _Decoder(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        # From the coarse end, where there are many channels, to the fine one.
        channels, layers = shape.decoder_block_out_channels[::-1], shape.layers_per_block[::-1]
        grown = zip(shape.temporal_expansions[::-1], shape.spatial_expansions[::-1], strict=True)
        self.nonlinearity = nn.SiLU()
        self.conv_in = nn.Conv3d(shape.latent_channels, channels[0], kernel_size=1)
        self.block_in = _Resnets(channels[0], layers[0])
        self.up_blocks = nn.ModuleList(
            _UpBlock(channels[number], channels[number + 1], layers[number + 1], *times)
            for number, times in enumerate(grown)
        )
        self.block_out = _Resnets(channels[-1], layers[-1])
        self.proj_out = nn.Linear(channels[-1], shape.out_channels)


class _Resnets(nn.Module):
    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(_Resnet(channels) for _ in range(layers))


class _UpBlock(_Resnets):
    def __init__(self, channels: int, out: int, layers: int, times: int, side: int) -> None:
        super().__init__(channels, layers)
        self.temporal_expansion, self.spatial_expansion = times, side
        self.proj = nn.Linear(channels, out * times * side**2)


class _Resnet(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _Norm(channels), _Norm(channels)
        self.conv1, self.conv2 = _Causal(channels), _Causal(channels)


class _Causal(nn.Module):
    """Its input is padded already."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels, channels, kernel_size=3)


class _Norm(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm_layer = nn.GroupNorm(GROUPS, channels)

"""How much there is to draw: what a request costs, before anybody knows how fast the GPU is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from shared.core.preset import Preset, computed_steps
from shared.core.request import VideoRequest

_TEXT_TOKENS: Final = 128
"""A prompt of usual length; the model takes up to 256, which is little beside the picture's tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What of a request decides how long it takes. `passes` is the model's runs a step: two with guidance."""

    model: str
    width: int
    height: int
    num_frames: int
    steps: int
    passes: int = 2
    preset: str = Preset.EXACT.value

    @classmethod
    def of(cls, request: VideoRequest) -> Self:
        return cls(
            model=request.model,
            width=request.width,
            height=request.height,
            num_frames=request.num_frames,
            steps=request.num_inference_steps,
            passes=2 if request.guidance_scale > 1 else 1,
            preset=request.preset,
        )

    @property
    def tokens(self) -> int:
        """Of the latent video: the VAE makes one picture of six and shrinks it by 8, the model takes 2x2 patches."""
        return ((self.num_frames - 1) // 6 + 1) * (self.height // 16) * (self.width // 16)

    @property
    def pixels(self) -> int:
        return self.num_frames * self.width * self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What one model's work consists of, and how fast we take a GPU to be that nobody has measured yet."""

    token_flop: float
    """Of one token in one pass: the linear layers."""
    pair_flop: float
    """Of one pair of tokens in one pass: attention."""
    pixel_flop: float
    """Of one pixel of the finished video: the VAE's decoder."""
    flops: float
    """A second."""
    step_s: float
    """What a step takes beside its arithmetic."""
    fixed_s: float
    """What a video takes beside its steps and its pixels."""
    weights_gb: float
    token_gb: float
    """Memory that each token needs while it is being drawn."""

    def denoise_s(self, work: Work) -> float:
        tokens = work.tokens
        flop = tokens * self.token_flop + (tokens + _TEXT_TOKENS) ** 2 * self.pair_flop
        computed = computed_steps(work.steps, work.preset)
        return computed * work.passes * flop / self.flops + work.steps * self.step_s

    def decode_s(self, work: Work) -> float:
        return work.pixels * self.pixel_flop / self.flops

    def seconds(self, work: Work) -> float:
        return self.fixed_s + self.denoise_s(work) + self.decode_s(work)

    def vram_gb(self, work: Work) -> float:
        return self.weights_gb + work.tokens * self.token_gb


_PREVIEW: Final = Architecture(
    # 48 blocks with 113.25 M weights each for a token, attention over 24 heads of 128 (Mochi-1's
    # configuration); one pass over 163 frames of 848x480 is 484 + 1176 TFLOP, its decoding 1081.
    token_flop=2 * 113.25e6 * 48,
    pair_flop=4 * 3072 * 48,
    pixel_flop=1081e12 / (163 * 848 * 480),
    # What an H200 is predicted to do with stock kernels: 6.28 s a step at 163 frames.
    flops=530e12,
    step_s=0.0,
    fixed_s=2.0,
    weights_gb=30.3,
    token_gb=2e-4,
)
_TINY: Final = Architecture(
    # On two CPU cores (bench/results/2026-11-23-draw.md): 8 ms a step, 257 ms for 80,000 pixels.
    token_flop=2 * 12.3e3 * 3,
    pair_flop=4 * 32 * 3,
    pixel_flop=3e5,
    flops=0.1e12,
    step_s=0.008,
    fixed_s=0.1,
    weights_gb=0.1,
    token_gb=1e-6,
)
ARCHITECTURES: Final[Mapping[str, Architecture]] = {"mochi-1-preview": _PREVIEW, "mochi-1-tiny": _TINY}
"""By model id."""


def architecture(model: str) -> Architecture:
    """The model's, or Mochi-1's for one that is not in the catalog any more."""
    return ARCHITECTURES.get(model, _PREVIEW)

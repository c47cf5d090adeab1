"""The decoder with each lever, and stock's. All of them share one VAE, which is put back after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch

from bench import mochi_models as models
from bench.mochi_record import Measured, Record, distance, timed
from functions.generate.mochi import causal, decoding


@dataclass(frozen=True, slots=True)
class Lever:
    name: str
    channels_last: bool = False
    compiled: bool = False
    """What stands between its convolutions."""

    def fits(self, device: torch.device) -> bool:
        return device.type == "cuda" or not self.compiled


LEVERS: Final = (
    Lever("ours"),
    Lever("ours, channels last", channels_last=True),
    Lever("ours, channels last, compiled", channels_last=True, compiled=True),
)
STOCK: Final = ("stock, by tiles", "stock, in one go")
NAMES: Final = (*(lever.name for lever in LEVERS), *STOCK)


def run(scale: models.Scale, device: torch.device, record: Record) -> None:
    if not any(record.wants(f"decode {frames} | {name}") for frames in scale.frames for name in NAMES):
        return
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    vae = models.vae(scale, device, dtype)
    for frames in sorted(scale.frames):
        latents = models.Question.of(scale, frames, device, dtype).latents
        # One go of the longest takes 124 GB, so it is held against the shortest alone.
        truth = frames == min(scale.frames)
        for lever in LEVERS:
            if lever.fits(device):
                key = f"decode {frames} | {lever.name}"
                record.measure(key, lambda v=lever, z=latents, t=truth: _measure(v, vae, z, against_stock=t))
        for name, work in zip(STOCK, (_by_tiles, _in_one_go), strict=True):
            key = f"decode {frames} | {name}"
            record.measure(key, lambda w=work, z=latents: timed(lambda: w(vae, z), device, rounds=1)[1])


def _measure(lever: Lever, vae: Any, latents: torch.Tensor, *, against_stock: bool) -> Measured:
    with pulled(lever, vae) as decode:
        chunks, measured = timed(lambda: decode(latents), latents.device, rounds=1)
    if against_stock:
        stock = _in_one_go(vae, decoding.denormalized(vae, latents))[0].permute(1, 2, 3, 0).float()
        stock = (stock * 0.5 + 0.5).clamp(0, 1) * 255
        measured["off_stock"] = distance(torch.cat([torch.from_numpy(chunk) for chunk in chunks]), stock)
    return measured


@contextmanager
def pulled(lever: Lever, vae: Any) -> Iterator[Callable[[torch.Tensor], list[Any]]]:
    between = causal.compiled() if lever.compiled else causal.between
    vae.to(memory_format=torch.channels_last_3d if lever.channels_last else torch.contiguous_format)
    try:
        yield lambda latents: list(decoding.decode(vae, latents, between=between))
    finally:
        vae.to(memory_format=torch.contiguous_format)


def _by_tiles(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    vae.enable_tiling()
    try:
        return _in_one_go(vae, latents)
    finally:
        vae.disable_tiling()


def _in_one_go(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(vae.decode(latents, return_dict=False)[0])

"""What stands around the steps: the text encoder, the decoder, and loading from disk, each loader in a new process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import torch

from bench import mochi_models as models
from bench.mochi_record import Measured, Record, distance, timed
from functions.generate.mochi import decoding

LOADERS: Final = ("from_pretrained", "safetensors to the device", "ours", "ours, read ahead", "ours, 16 threads")


def encode(scale: models.Scale, device: torch.device, record: Record) -> None:
    def measure() -> Measured:
        model = models.text_encoder(scale, device, torch.bfloat16)
        ids = torch.randint(3, 300, (1, 256), generator=torch.Generator().manual_seed(1)).to(device)
        mask = torch.ones_like(ids)
        return timed(lambda: model(ids, attention_mask=mask)[0], device)[1]

    record.measure("encode | 256 words", measure)


def decode(scale: models.Scale, device: torch.device, record: Record) -> None:
    if not any(record.wants(f"decode {frames} | ours") for frames in scale.frames):
        return
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    vae = models.vae(scale, device, dtype)
    for frames in sorted(scale.frames):
        latents = models.Question.of(scale, frames, device, dtype).latents
        for name, work in _decoders(vae, latents).items():
            record.measure(f"decode {frames} | {name}", lambda w=work: timed(w, device, rounds=1)[1])
    record.measure(f"decode {min(scale.frames)} | ours against stock", lambda: _closeness(scale, vae, device, dtype))


def _decoders(vae: Any, latents: torch.Tensor) -> dict[str, Any]:
    def tiled() -> Any:
        vae.enable_tiling()
        try:
            return vae.decode(latents, return_dict=False)[0]
        finally:
            vae.disable_tiling()

    return {
        "ours": lambda: list(decoding.decode(vae, latents)),
        "stock, by tiles": tiled,
        "stock, in one go": lambda: vae.decode(latents, return_dict=False)[0],
    }


def _closeness(scale: models.Scale, vae: Any, device: torch.device, dtype: torch.dtype) -> Measured:
    latents = models.Question.of(scale, min(scale.frames), device, dtype).latents
    stock = vae.decode(decoding.denormalized(vae, latents), return_dict=False)[0][0]
    stock = (stock.permute(1, 2, 3, 0).float() * 0.5 + 0.5).clamp(0, 1) * 255
    ours = torch.cat([torch.from_numpy(chunk) for chunk in decoding.decode(vae, latents)])
    return {"off_stock": distance(ours, stock.cpu())}


def load(scale: models.Scale, device: torch.device, record: Record, folder: Path) -> None:
    """The transformer and the text encoder, out of a warm page cache and out of a cold one."""
    caches = ("warm",) if scale is models.TINY else ("warm", "cold")  # of 3 MB nothing is cold
    keys = [f"load {cache} | {loader}" for cache in caches for loader in LOADERS]
    if not any(record.wants(key) for key in keys):
        return
    record.measure("load | write", lambda: _write(scale, device, folder))
    for key in keys:
        record.measure(key, lambda k=key: _load(k, device, folder, tiny=scale is models.TINY))


def _write(scale: models.Scale, device: torch.device, folder: Path) -> Measured:
    def save() -> None:
        for name in ("text_encoder", "transformer"):
            getattr(models, name)(scale, device, torch.bfloat16).save_pretrained(folder / name)

    measured = timed(save, device, rounds=0)[1] if not folder.exists() else {}
    return measured | {"gb": sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e9}


def _load(key: str, device: torch.device, folder: Path, *, tiny: bool) -> Measured:
    cache, loader = key.removeprefix("load ").split(" | ")
    command = [sys.executable, str(Path(__file__).with_name("mochi_load.py")), loader, str(folder), device.type]
    command += ["cold"] if cache == "cold" else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 if tiny else 240, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))

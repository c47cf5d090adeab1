"""What stands before the steps: the text encoder, and loading from disk, each loader in a new process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import torch

from bench import mochi_models as models
from bench.mochi_record import Measured, Record, distance, timed
from functions.generate.mochi import t5

ENCODE: Final = ("encode | 256 words", "encode | 256 words, ours")
WRITE: Final = "load | write"
LOADERS: Final = ("from_pretrained", "safetensors to the device", "ours", "ours, read ahead", "ours, 16 threads")


def encode(scale: models.Scale, device: torch.device, record: Record) -> None:
    """By transformers, and by ours over the same weights."""
    record.measure(ENCODE[0], lambda: _read(models.text_encoder(scale, device, torch.bfloat16), device)[1])
    record.measure(ENCODE[1], lambda: _encode_by_ours(scale, device))


def _encode_by_ours(scale: models.Scale, device: torch.device) -> Measured:
    stock = models.text_encoder(scale, device, torch.bfloat16)
    with torch.device("meta"):
        ours = t5.T5Encoder(t5.Shape.of({"feed_forward_proj": "gated-gelu", **scale.text}))
    weights = stock.state_dict()
    ours.load_state_dict({name: weights[name] for name in ours.state_dict()}, assign=True)
    truth, found = _read(stock, device)[0], _read(ours.eval(), device)
    return found[1] | {"off_stock": distance(found[0], truth)}


def _read(model: Any, device: torch.device) -> tuple[Any, Measured]:
    ids = torch.randint(3, 300, (1, 256), generator=torch.Generator().manual_seed(1)).to(device)
    mask = torch.ones_like(ids)
    return timed(lambda: model(ids, attention_mask=mask)[0], device)


def load(scale: models.Scale, device: torch.device, record: Record, place: Path) -> None:
    """The transformer and the text encoder, out of a warm page cache and out of a cold one.

    Their files get a folder in `place`, which has its name when it is whole. Where it is, they are not written again.
    """
    caches = ("warm",) if scale is models.TINY else ("warm", "cold")  # of 3 MB nothing is cold
    keys = [f"load {cache} | {loader}" for cache in caches for loader in LOADERS]
    if not any(record.wants(key) for key in keys):
        return
    folder = place / f"mochi-{scale.width}x{scale.height}"
    if not folder.exists() or record.lacks(WRITE):
        record.attempt(WRITE, lambda: _write(scale, device, folder))
    if not folder.exists():
        return
    for key in keys:
        record.measure(key, lambda k=key: _load(k, device, folder, tiny=scale is models.TINY))


def _write(scale: models.Scale, device: torch.device, folder: Path) -> Measured:
    part = folder.with_name(f".{folder.name}.part")

    def save() -> None:
        print(f"writing weights to {folder}, where they stay if this is killed", flush=True)
        shutil.rmtree(part, ignore_errors=True)
        for name in ("text_encoder", "transformer"):
            getattr(models, name)(scale, device, torch.bfloat16).save_pretrained(part / name)
        part.rename(folder)

    measured = timed(save, device, rounds=0)[1] if not folder.exists() else {}
    return measured | {"gb": sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e9}


def _load(key: str, device: torch.device, folder: Path, *, tiny: bool) -> Measured:
    cache, loader = key.removeprefix("load ").split(" | ")
    command = [sys.executable, str(Path(__file__).with_name("mochi_load.py")), loader, str(folder), device.type]
    command += ["cold"] if cache == "cold" else []
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 if tiny else 240, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))

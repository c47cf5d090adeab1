"""diffusers' MochiPipeline out of a local folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline


def load(folder: Path, device: torch.device) -> Any:
    """The pipeline on `device`, in bfloat16 on an accelerator and float32 on a CPU. Never touches the network."""
    pipe = MochiPipeline.from_pretrained(
        folder,
        dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
        variant="bf16" if any((folder / "transformer").glob("*.bf16*.safetensors")) else None,
        local_files_only=True,
        use_safetensors=True,
    ).to(device)
    # Whole, the decoder needs some 90 GB for 163 frames of 848x480; by tiles it needs a few. The
    # tiles are 256 pixels wide: a video no larger is decoded whole and is not changed by this.
    pipe.vae.enable_tiling()
    return pipe


def pick_device(name: str | None) -> torch.device:
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def device_name(device: torch.device) -> str:
    """What its maker calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

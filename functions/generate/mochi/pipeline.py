"""Mochi-1's modules out of a local folder, as diffusers loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline
from diffusers.schedulers import FlowMatchEulerDiscreteScheduler

from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.modules import Modules
from functions.generate.mochi.sketch import Sketcher
from shared.core.errors import ModelUnavailable


def load(folder: Path, device: torch.device) -> Modules:
    """The modules on `device`, in bfloat16 on an accelerator and float32 on a CPU. Never touches the network.

    Raises: ModelUnavailable: Its scheduler takes other steps than ours, or its tokenizer pads on the left.
    """
    pipe = MochiPipeline.from_pretrained(
        folder,
        dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
        variant="bf16" if any((folder / "transformer").glob("*.bf16*.safetensors")) else None,
        local_files_only=True,
        use_safetensors=True,
    )
    return modules_of(pipe.to(device))


def modules_of(pipe: Any) -> Modules:
    """What a MochiPipeline holds.

    Raises: ModelUnavailable: Its scheduler takes other steps than ours, or its tokenizer pads on the left.
    """
    scheduler = pipe.scheduler
    if not isinstance(scheduler, FlowMatchEulerDiscreteScheduler) or scheduler.config.stochastic_sampling:
        raise ModelUnavailable(f"its scheduler must be a plain FlowMatchEulerDiscreteScheduler, not {scheduler}")
    if pipe.tokenizer.padding_side != "right":
        raise ModelUnavailable("its tokenizer must pad on the right: the words that count come first")
    return Modules(
        tokenizer=pipe.tokenizer,
        text_encoder=pipe.text_encoder,
        transformer=pipe.transformer,
        attention=attend_with(pipe.transformer),
        vae=pipe.vae,
        scheduler=dict(scheduler.config),
        zeros_for_empty_prompt=pipe.config.force_zeros_for_empty_prompt,
        device=pipe.device,
        sketcher=Sketcher(pipe.vae),
    )


def pick_device(name: str | None) -> torch.device:
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def device_name(device: torch.device) -> str:
    """What its maker calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

"""Mochi-1's modules out of a local folder: straight from its files, or, where these do not fit, as diffusers does."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
import transformers
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from functions.generate.mochi import direct
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.modules import Modules
from functions.generate.mochi.reading import Unreadable
from functions.generate.mochi.sketch import Sketcher
from shared.core.errors import ModelUnavailable

log = logging.getLogger(__name__)


def load(folder: Path, device: torch.device) -> Modules:
    """The modules on `device`, in bfloat16 on an accelerator and float32 on a CPU. Never touches the network.

    Raises: ModelUnavailable: Its scheduler takes other steps than ours, or its tokenizer pads on the left.
    """
    try:
        return _straight(folder, device)
    except (Unreadable, OSError, LookupError) as reason:
        log.warning("%s; loading it by from_pretrained, which takes longer", reason)
        return by_from_pretrained(folder, device)


def _straight(folder: Path, device: torch.device) -> Modules:
    """Raises: ModelUnavailable, Unreadable, OSError, LookupError: model_index.json is not as diffusers writes it."""
    dtype, index = precision(device), json.loads((folder / "model_index.json").read_bytes())
    tokenizer = getattr(transformers, index["tokenizer"][1]).from_pretrained(folder / "tokenizer")
    scheduler = FlowMatchEulerDiscreteScheduler.from_pretrained(folder / "scheduler")
    return _modules(
        tokenizer,
        scheduler,
        direct.text_encoder(folder / "text_encoder", device, dtype),
        direct.transformer(folder / "transformer", device, dtype),
        direct.vae(folder / "vae", device, dtype),
        zeros_for_empty_prompt=bool(index.get("force_zeros_for_empty_prompt", False)),
        device=device,
    )


def by_from_pretrained(folder: Path, device: torch.device) -> Modules:
    """The reference, and the way out.

    Raises: ModelUnavailable.
    """
    from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline  # half of all imports, and mostly not needed

    pipe = MochiPipeline.from_pretrained(
        folder,
        dtype=precision(device),
        variant="bf16" if any((folder / "transformer").glob("*.bf16*.safetensors")) else None,
        local_files_only=True,
        use_safetensors=True,
    )
    return modules_of(pipe.to(device))


def modules_of(pipe: Any) -> Modules:
    """What a MochiPipeline holds.

    Raises: ModelUnavailable: Its scheduler takes other steps than ours, or its tokenizer pads on the left.
    """
    return _modules(
        pipe.tokenizer,
        pipe.scheduler,
        pipe.text_encoder,
        pipe.transformer,
        pipe.vae,
        zeros_for_empty_prompt=pipe.config.force_zeros_for_empty_prompt,
        device=pipe.device,
    )


def _modules(
    tokenizer: Any,
    scheduler: Any,
    text_encoder: Any,
    transformer: Any,
    vae: Any,
    *,
    zeros_for_empty_prompt: bool,
    device: torch.device,
) -> Modules:
    if not isinstance(scheduler, FlowMatchEulerDiscreteScheduler) or scheduler.config.stochastic_sampling:
        raise ModelUnavailable(f"its scheduler must be a plain FlowMatchEulerDiscreteScheduler, not {scheduler}")
    if tokenizer.padding_side != "right":
        raise ModelUnavailable("its tokenizer must pad on the right: the words that count come first")
    return Modules(
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        transformer=transformer,
        attention=attend_with(transformer),
        vae=vae,
        scheduler=dict(scheduler.config),
        zeros_for_empty_prompt=zeros_for_empty_prompt,
        device=device,
        sketcher=Sketcher(vae),
    )


def precision(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "cpu" else torch.bfloat16


def pick_device(name: str | None) -> torch.device:
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def device_name(device: torch.device) -> str:
    """What its maker calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type

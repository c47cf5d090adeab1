"""Mochi-1's modules out of a local folder: straight from its files, or, where these do not fit, as diffusers does."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from functions.generate.mochi import causal, direct, schedule, weights
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.modules import Modules
from functions.generate.mochi.reading import Unreadable
from functions.generate.mochi.sketch import Sketcher
from functions.generate.mochi.words import Words

log = logging.getLogger(__name__)


def load(folder: Path, device: torch.device) -> Modules:
    """The modules on `device`, in bfloat16 on an accelerator and float32 on a CPU. Never touches the network.

    Raises: ModelUnavailable: Its scheduler or its decoder are not as ours, or its tokenizer pads on the left.
    """
    try:
        modules = _straight(folder, device)
    except (Unreadable, OSError) as reason:
        log.warning("%s; loading it by from_pretrained, which takes longer", reason)
        modules = by_from_pretrained(folder, device)
    return replace(modules, weights=weights.digest(folder))


def _straight(folder: Path, device: torch.device) -> Modules:
    """Raises: ModelUnavailable, Unreadable, OSError."""
    dtype = precision(device)
    schedule.check(_told(folder / "scheduler" / "scheduler_config.json"))
    return _modules(
        Words.of(folder / "tokenizer"),
        direct.text_encoder(folder / "text_encoder", device, dtype),
        direct.transformer(folder / "transformer", device, dtype),
        direct.vae(folder / "vae", device, dtype),
        zeros_for_empty_prompt=bool(_told(folder / "model_index.json").get("force_zeros_for_empty_prompt", False)),
        device=device,
    )


def by_from_pretrained(folder: Path, device: torch.device) -> Modules:
    """The reference, and the way out.

    Raises: ModelUnavailable.
    """
    from functions.generate.mochi import reference

    reference.hush()
    from diffusers.pipelines.mochi.pipeline_mochi import MochiPipeline  # seconds, and hardly ever needed

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

    Raises: ModelUnavailable: Its scheduler or its decoder are not as ours, or its tokenizer pads on the left.
    """
    schedule.check(pipe.scheduler.config)
    causal.check(pipe.vae.decoder)
    return _modules(
        Words(pipe.tokenizer.backend_tokenizer, pipe.tokenizer.pad_token, pipe.tokenizer.padding_side),
        pipe.text_encoder,
        pipe.transformer,
        pipe.vae,
        zeros_for_empty_prompt=pipe.config.force_zeros_for_empty_prompt,
        device=pipe.device,
    )


def _told(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        raise Unreadable(f"{file.name} is no JSON") from None


def _modules(
    words: Words, text_encoder: Any, transformer: Any, vae: Any, *, zeros_for_empty_prompt: bool, device: torch.device
) -> Modules:
    return Modules(
        words=words,
        text_encoder=text_encoder,
        transformer=transformer,
        attention=attend_with(transformer),
        vae=vae,
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

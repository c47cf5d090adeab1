"""One loaded model, made ready to draw with each preset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from functions.generate.mochi import fp8
from functions.generate.mochi.modules import Modules
from shared.core.errors import ModelUnavailable
from shared.core.preset import Preset


def check(presets: Iterable[str], device: torch.device) -> None:
    """Raises: ModelUnavailable: One of them cannot be had on `device`, and what to do."""
    if Preset.FAST in presets and not fp8.is_possible(device):
        raise ModelUnavailable(
            f"PRESETS offers fast, which needs a GPU that multiplies 8-bit floats (compute capability"
            f" {'.'.join(map(str, fp8.CAPABILITY))} or higher), and this process draws on {device}: take fast out of"
            " PRESETS, or give generate such a GPU"
        )


def prepared(modules: Modules, preset: str) -> Modules:
    """The same model for `preset`. `fast` takes a quarter of the transformer's memory on top; the others take none.

    Raises: ModelUnavailable.
    """
    if preset != Preset.FAST:
        return replace(modules, preset=preset)
    check([preset], modules.device)
    return replace(modules, preset=preset, transformer=fp8.twin(modules.transformer, modules.attention))

"""One loaded model, made ready to draw with each preset."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import torch

from functions.generate.mochi import attention8, fp8
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.modules import Modules
from shared.core.errors import ModelUnavailable
from shared.core.preset import Preset

GRAPHS: Final = 64
"""More than a block ever is compiled to: of two kinds, bfloat16 or 8 bits, one row or two, the first size or any, for
each model. Beyond its own limit of 8 torch compiles no more, and goes on without a kernel of ours and without an error.
"""


def check(presets: Iterable[str], device: torch.device, *, compiled: bool, fp8_attention: bool = False) -> None:
    """`fp8_attention`: `fast` attends in 8 bits too.

    Raises: ModelUnavailable: One of them cannot be had on `device`, and what to do.
    """
    if compiled:
        check_compiler(device)
    if Preset.FAST in presets and not fp8.is_possible(device):
        raise ModelUnavailable(
            f"PRESETS offers fast, which needs a GPU that multiplies 8-bit floats (compute capability"
            f" {'.'.join(map(str, fp8.CAPABILITY))} or higher), and this process draws on {device}: take fast out of"
            " PRESETS, or give generate such a GPU"
        )
    if Preset.FAST in presets and not compiled:
        # Measured: 1.00x of exact (bench/results/2026-11-26-mochi.md).
        raise ModelUnavailable("PRESETS offers fast, which is fast with COMPILE=true alone: set it, or take fast out")
    if Preset.FAST in presets and fp8_attention:
        attention8.check(device)


def check_compiler(device: torch.device) -> None:
    """Raises: ModelUnavailable: torch.compile would not work here, and what to do."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if device.type != "cuda" or not compiler:
        raise ModelUnavailable(
            "COMPILE=true needs a GPU and a C compiler, with which Triton starts its kernels; this process draws on"
            f" {device} and finds {compiler or 'neither gcc nor clang'}: set COMPILE=false, or give it both"
        )


def prepared(modules: Modules, preset: str, *, compiled: bool = False, fp8_attention: bool = False) -> Modules:
    """The same model for `preset`. `fast` takes a quarter of the transformer's memory on top; the others take none.

    `fp8_attention`: `fast` attends in 8 bits too.
    """
    if preset == Preset.FAST:
        twin = fp8.twin(modules.transformer, modules.attention)
        attending = attend_with(twin, attention8.attend) if fp8_attention else modules.attention
        modules = replace(modules, transformer=twin, attention=attending)
    if compiled:
        compile_blocks(modules.transformer)
    return replace(modules, preset=preset)


def tune_compiler() -> None:
    """For the thread that calls it, which is to draw with compiled modules: torch keeps these for each thread."""
    limits: Any = torch._dynamo.config  # noqa: SLF001 - its public place
    limits.recompile_limit = max(limits.recompile_limit, GRAPHS)
    # With a name torch keeps, beside the kernels, that sizes differ: the next process compiles for any at once, or
    # finds that graph among those it took (kernels.py).
    torch.compiler.config.job_id = torch.compiler.config.job_id or "flipbook"


def compile_blocks(transformer: Any, **how: Any) -> None:
    """Norms, gates and roundings become few kernels. Each block by itself: all but the last are one code to compile.

    The first step of the first sizes takes seconds more; after the second one sizes are no longer compiled in.
    """
    for block in transformer.transformer_blocks:
        block.compile(**how)

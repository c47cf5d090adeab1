"""Compiled kernels, kept beside a model's weights: a process that wakes takes them, and need not compile for seconds.

What is kept is code, and torch reads it by pickle: whoever writes it does here what they like. So it lies with the
weights, where no GPU may write, and never with the videos.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from pathlib import Path
from typing import Final

import torch

from functions.generate.mochi import pipeline
from shared.core.errors import ModelUnavailable
from shared.settings import Settings

log = logging.getLogger(__name__)

FOLDER: Final = "kernels"
"""In the model's own."""
_DIGEST: Final = hashlib.sha256().digest_size


def place(settings: Settings, model: str, device: torch.device) -> Path:
    """Where they are kept: a file for each kind of GPU, torch, code and settings that compile to something else."""
    told = hashlib.sha256(repr((settings.presets, settings.fp8_attention)).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        told.update(source.read_bytes())
    gpu = re.sub(r"[^A-Za-z0-9.]+", "-", pipeline.device_name(device))
    return settings.weights_dir / model / FOLDER / f"{gpu}-torch-{torch.__version__}-{told.hexdigest()[:12]}.bin"


def keep(file: Path) -> int:
    """Write all that this process has compiled to `file`; how many bytes they are.

    Raises: ModelUnavailable: Nothing was compiled, or nothing of it can be kept. OSError.
    """
    found = torch.compiler.save_cache_artifacts()
    if found is None:
        raise ModelUnavailable("torch has compiled nothing that it can keep")
    write(file, found[0])
    return len(found[0])


def write(file: Path, kernels: bytes) -> None:
    """Whole or not at all. Raises: OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    with beside.open("wb") as out:
        out.write(_sealed(kernels))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)


def _sealed(kernels: bytes) -> bytes:
    """With their digest in front, since torch does not see a bit that fell over."""
    return hashlib.sha256(kernels).digest() + kernels


def is_sound(kept: bytes) -> bool:
    """Whether these are a file as it was written."""
    return kept == _sealed(kept[_DIGEST:])


def take(file: Path) -> bool:
    """Whether the kernels of `file` are there to be used. Where they are not, the log says why, and each is compiled.

    Torch itself looks whether a kernel is of the code that asks for it: what an older version left is not used.
    """
    started = time.monotonic()
    try:
        kept = file.read_bytes()
    except FileNotFoundError:
        log.info("compiling at the first step, for %s is not there: see docs/drawing.md", file)
        return False
    except OSError as error:
        log.warning("compiling at the first step: %s", error)
        return False
    kernels = kept[_DIGEST:]
    if not is_sound(kept) or torch.compiler.load_cache_artifacts(kernels) is None:
        log.warning("compiling at the first step: %s is damaged, or of another torch", file)
        return False
    log.info("took %d bytes of compiled kernels from %s in %.1f s", len(kernels), file, time.monotonic() - started)
    return True

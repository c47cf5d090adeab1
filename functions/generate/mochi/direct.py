"""Mochi-1's modules without from_pretrained: built without memory, filled by reading.py, the same to the last bit.

In the order of use: text encoder, transformer, and of the VAE the decoder alone, for no text needs
the encoder. What does not fit is no error here: the caller has from_pretrained.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from functions.generate.mochi import reading, t5, weights
from functions.generate.mochi import transformer as dit
from functions.generate.mochi import vae as autoencoder
from functions.generate.mochi.reading import Unreadable


def text_encoder(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Raises: Unreadable, OSError."""
    return _filled(_text_encoder, folder, device, dtype)


def transformer(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Raises: Unreadable, OSError."""
    return _filled(_transformer, folder, device, dtype)


def vae(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    """Without its encoder.

    Raises: Unreadable, OSError.
    """
    return _filled(_vae, folder, device, dtype, wanted=lambda name: not name.startswith("encoder."))


def names(folder: Path) -> list[str]:
    """The weights of the component in `folder`, which has its name, in the order of use.

    Raises: Unreadable, OSError.
    """
    empty = {"text_encoder": _text_encoder, "transformer": _transformer, "vae": _vae}[folder.name](folder)
    return [name for name, _ in empty.named_parameters()]


def _text_encoder(folder: Path) -> Any:
    with torch.device("meta"):
        return t5.T5Encoder(t5.Shape.of(_config(folder)))


def _transformer(folder: Path) -> Any:
    with torch.device("meta"):
        return dit.Transformer(dit.Shape.of(_config(folder)))


def _vae(folder: Path) -> Any:
    with torch.device("meta"):
        return autoencoder.Vae(autoencoder.Shape.of(_config(folder)))


def _config(folder: Path) -> Any:
    try:
        return json.loads((folder / "config.json").read_bytes())
    except ValueError:
        raise Unreadable(f"the config.json of {folder.name} is no JSON") from None


def _filled(
    build: Callable[[Path], Any],
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    *,
    wanted: Callable[[str], bool] = lambda _: True,
) -> Any:
    files = weights.files(folder)
    if not files:
        raise Unreadable(f"{folder.name} has no safetensors file")
    with ThreadPoolExecutor(1) as beside:
        # A thousand empty modules take a tenth of a second, in which the disk need not wait.
        found = beside.submit(reading.read, files, device, wanted=wanted)
        module, tensors = build(folder), found.result()
    cast = {name: each.to(dtype) if each.is_floating_point() else each for name, each in tensors.items()}
    result = module.load_state_dict(cast, strict=False, assign=True)
    bare = [name for name, each in (*module.named_parameters(), *module.named_buffers()) if each.is_meta]
    if bare or result.unexpected_keys:
        raise Unreadable(f"{folder.name} lacks {bare[:3]} and has {result.unexpected_keys[:3]}, which no module wants")
    return module.requires_grad_(False).eval()

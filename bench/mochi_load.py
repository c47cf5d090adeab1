"""Load text encoder and transformer in this process, and tell how long it took: mochi_load.py LOADER FOLDER DEVICE."""

from __future__ import annotations

import os
import sys
import time

STARTED = time.perf_counter()
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100,PTH120 - nothing yet

import json  # noqa: E402 - what follows is measured
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import torch  # noqa: E402

Loader = Callable[[Path, torch.device], list[Any]]


def from_pretrained() -> Loader:
    from diffusers.models.transformers.transformer_mochi import MochiTransformer3DModel
    from transformers.models.t5.modeling_t5 import T5EncoderModel

    makers = {"text_encoder": T5EncoderModel, "transformer": MochiTransformer3DModel}
    return lambda folder, device: [
        maker.from_pretrained(folder / name, dtype=torch.bfloat16).to(device) for name, maker in makers.items()
    ]


def safetensors() -> Loader:
    """The bytes alone: no module is made of them."""
    from safetensors.torch import load_file

    return lambda folder, device: [
        load_file(path, device=str(device)) for path in sorted(folder.rglob("*.safetensors"))
    ]


def ours() -> Loader:
    from functions.generate.mochi import direct

    makers = {"text_encoder": direct.text_encoder, "transformer": direct.transformer}
    return lambda folder, device: [make(folder / name, device, torch.bfloat16) for name, make in makers.items()]


def forget(folder: Path) -> None:
    """Take the files out of the page cache, as far as the kernel lets us."""
    for path in folder.rglob("*.safetensors"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    loader, folder, device = sys.argv[1], Path(sys.argv[2]), torch.device(sys.argv[3])
    loaders = {"from_pretrained": from_pretrained, "safetensors to the device": safetensors, "ours": ours}
    if "cold" in sys.argv[4:]:
        forget(folder)
    load = loaders[loader]()
    imported = time.perf_counter()
    if device.type == "cuda":
        torch.zeros(1, device=device)
    awake = time.perf_counter()
    held = load(folder, device)
    if device.type == "cuda":
        torch.cuda.synchronize()
    done = time.perf_counter()
    if not held:
        sys.exit("nothing was loaded")
    told = {"imports": imported - STARTED, "device": awake - imported, "load": done - awake, "all": done - STARTED}
    print(json.dumps(told))


if __name__ == "__main__":
    main()

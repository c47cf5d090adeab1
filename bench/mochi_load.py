"""Load text encoder and transformer in this process, and tell how long it took.

    mochi_load.py LOADER FOLDER DEVICE [cold]

With "cold" the files are taken out of the page cache before the clock starts.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
AHEAD = "ours, read ahead"
MORE = "ours, 16 threads"


def forget(folder: Path) -> None:
    """Take the files out of the page cache, as far as the kernel lets us."""
    for path in folder.rglob("*.safetensors"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if "cold" in sys.argv[4:]:
    forget(Path(sys.argv[2]))

STARTED = time.perf_counter()  # what follows is measured

if sys.argv[1] == AHEAD:
    from functions.generate.mochi import weights
    from functions.generate.prefetch import Prefetch

    ahead = Prefetch(weights.in_order(Path(sys.argv[2])))
else:
    ahead = None

import torch  # noqa: E402 - measured

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


def ours(threads: int | None = None) -> Loader:
    from functions.generate.mochi import direct, reading

    if threads:
        reading.THREADS, reading.BUFFERS = threads, 2 * threads  # type: ignore[misc] - what is measured
    makers = {"text_encoder": direct.text_encoder, "transformer": direct.transformer}
    return lambda folder, device: [make(folder / name, device, torch.bfloat16) for name, make in makers.items()]


def touch(held: list[Any]) -> None:
    """Look into every page: from_pretrained maps files on a CPU, and reads nothing before that."""
    tensors = [each for one in held for each in (one.parameters() if hasattr(one, "parameters") else one.values())]
    sum(int(each.detach().flatten().view(torch.uint8)[::4096].sum()) for each in tensors)


def main() -> None:
    loader, folder, device = sys.argv[1], Path(sys.argv[2]), torch.device(sys.argv[3])
    loaders = {
        "from_pretrained": from_pretrained,
        "safetensors to the device": safetensors,
        "ours": ours,
        AHEAD: ours,
        MORE: lambda: ours(16),
    }
    load = loaders[loader]()
    if ahead:
        ahead.stop()  # as MochiEngine.setup does
    imported = time.perf_counter()
    if device.type == "cuda":
        torch.zeros(1, device=device)
    awake = time.perf_counter()
    held = load(folder, device)
    if device.type == "cuda":
        torch.cuda.synchronize()
    else:
        touch(held)
    done = time.perf_counter()
    if not held:
        sys.exit("nothing was loaded")
    told = {"imports": imported - STARTED, "device": awake - imported, "load": done - awake, "all": done - STARTED}
    print(json.dumps(told))


if __name__ == "__main__":
    main()

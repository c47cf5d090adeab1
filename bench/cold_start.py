"""What a process of generate does before it can draw, on the CPU: imports, and weights that must come from the disk.

    python bench/cold_start.py [--rounds N] [--tiny]

Each number is the median of processes of their own, the ways taken in turn. The weights are random: text encoder and
transformer of mochi-1-preview's width with two layers each, some 2 GB in bfloat16. On a GPU bench/mochi.py loads all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

WAYS: Final = ("from_pretrained", "ours", "ours, read ahead")
READY: Final = {
    "stock": "from diffusers import MochiPipeline; MochiPipeline.from_pretrained({folder!r}, local_files_only=True)",
    "generate": "from functions.generate.mochi.engine import MochiEngine; from shared.settings import Settings;"
    " MochiEngine(Settings.from_env({{'WEIGHTS_DIR': {place!r}}}), device='cpu').setup()",
}
"""mochi-1-tiny in memory: what is left are the imports."""
CLOCK: Final = "import time; begun = time.perf_counter(); {}; print(time.perf_counter() - begun)"


def write(folder: Path, *, tiny: bool) -> float:
    """Gigabytes of weights."""
    import torch

    from bench import mochi_models as models

    scale = models.TINY if tiny else replace(models.FULL, transformer={"num_layers": 2})
    if not tiny:
        scale.text["num_layers"] = 2
    for name in ("text_encoder", "transformer"):
        getattr(models, name)(scale, torch.device("cpu"), torch.bfloat16).save_pretrained(folder / name)
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e9


def load(way: str, folder: Path, cache: str) -> dict[str, float]:
    command = [sys.executable, str(ROOT / "bench" / "mochi_load.py"), way, str(folder), "cpu", cache]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return dict(json.loads(done.stdout))


def ready(way: str, place: Path) -> float:
    program = CLOCK.format(READY[way].format(folder=str(place / "mochi-1-tiny"), place=str(place)))
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    return float(done.stdout)


def median(found: list[dict[str, float]], name: str) -> str:
    return f"{statistics.median(each[name] for each in found):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tiny", action="store_true", help="3 MB, which no disk is slow to read")
    asked = parser.parse_args()
    loads, starts = defaultdict(list), defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        size = write(place / "wide", tiny=asked.tiny)
        ready("generate", place)  # builds the tiny model
        for _ in range(asked.rounds):
            for way in READY:
                starts[way].append({"all": ready(way, place)})
            for cache in ("warm", "cold"):
                for way in WAYS:
                    loads[cache, way].append(load(way, place / "wide", cache))
    libraries = ", ".join(f"{name} {version(name)}" for name in ("torch", "diffusers", "transformers"))
    print(f"{os.cpu_count()} CPU cores, Linux {platform.release()}, Python {platform.python_version()}, {libraries};")
    print(f"median of {asked.rounds} processes each.\n")
    print("| from the start of Python's code to mochi-1-tiny in memory | s |\n| --- | --- |")
    for way, found in starts.items():
        print(f"| {way} | {median(found, 'all')} |")
    print(f"\n| load {size:.2f} GB | imports s | load s | both s |\n| --- | --- | --- | --- |")
    for (cache, way), found in loads.items():
        print(f"| {cache}: {way} | {' | '.join(median(found, name) for name in ('imports', 'load', 'all'))} |")


if __name__ == "__main__":
    main()

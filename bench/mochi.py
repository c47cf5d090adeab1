"""Mochi-1 at full size with random weights: what each lever is worth, against stock diffusers in the same run.

    python bench/mochi.py [--tiny] [--record FILE] [--only PREFIX] [--seconds N] [--folder FOLDER]

Numbers go into FILE one by one; a further call with it measures what is missing, and what failed. That a card has no
room for something is known, and no failure. Exit status 1: something failed in this call, or FILE is no record of this
machine. No number about quality: random weights draw noise, and what a step cache costs a picture is a property of
trained ones.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from bench import mochi_decoders as decoders
from bench import mochi_models as models
from bench import mochi_parts as parts
from bench import mochi_steps as steps
from bench.mochi_record import Measured, Record, Unusable
from shared.core.preset import Preset, computed_steps

NONE = "not measured"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="the tiny model, on the CPU")
    parser.add_argument("--record", type=Path, help="file of what was measured, read and written")
    parser.add_argument("--only", default="", help="step, encode, decode or load")
    parser.add_argument("--seconds", type=float, default=540, help="begin nothing new after so many")
    parser.add_argument("--folder", type=Path, help="where weights to be loaded are written and kept (30 GB)")
    return parser.parse_args()


def cell(facts: dict[str, Measured], key: str, name: str, digits: int = 3) -> str:
    found = facts.get(key, {})
    if "failed" in found:
        return "failed: " + str(found["failed"]).replace("|", "/")
    if "no room" in found:
        return "no room"
    value = found.get(name)
    return NONE if value is None else f"{value:.{digits}f}"


def table(facts: dict[str, Measured], scale: models.Scale) -> Iterator[str]:
    yield "| frames | step, two rows | s | of stock | first s | peak GB | off stock | off float32 |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for frames in sorted(scale.frames):
        stock = facts.get(f"step {frames} | stock", {}).get("seconds")
        for name in ("stock, float32", *(lever.name for lever in steps.LEVERS)):
            key = f"step {frames} | {name}"
            taken = facts.get(key, {}).get("seconds")
            ratio = f"{stock / taken:.2f}x" if stock and taken else NONE
            rest = [cell(facts, key, "first", 1), cell(facts, key, "peak_gb", 1)]
            rest += [cell(facts, key, "off_stock", 5), cell(facts, key, "off_float32", 5)]
            yield f"| {frames} | {name} | {cell(facts, key, 'seconds')} | {ratio} | {' | '.join(rest)} |"
    yield ""
    yield f"turbo computes {computed_steps(64, Preset.TURBO)} of 64 steps; each costs what exact's does."
    yield ""
    yield "| part | s | first s | peak GB | off stock |"
    yield "| --- | --- | --- | --- | --- |"
    decoded = [f"decode {frames} | {name}" for frames in sorted(scale.frames) for name in decoders.NAMES]
    for key in [*parts.ENCODE, *decoded]:
        told = [cell(facts, key, "seconds"), cell(facts, key, "first", 1), cell(facts, key, "peak_gb", 1)]
        yield f"| {key.replace(' | ', ': ')} | {' | '.join(told)} | {cell(facts, key, 'off_stock', 6)} |"
    yield ""
    size = cell(facts, "load | write", "gb", 2)
    yield f"| load {size} GB, a process each | imports s | wake device s | load s | start to loaded s |"
    yield "| --- | --- | --- | --- | --- |"
    for cache in ("warm", "cold"):
        for loader in parts.LOADERS:
            key = f"load {cache} | {loader}"
            told = [cell(facts, key, name, 2) for name in ("imports", "device", "load", "all")]
            yield f"| {cache}: {loader} | {' | '.join(told)} |"


def machine(device: torch.device) -> Measured:
    cuda: Any = torch.cuda.get_device_name(device) if device.type == "cuda" else "no GPU"
    cudnn = torch.backends.cudnn.version() if device.type == "cuda" else None
    return {
        "on": f"{cuda}, {os.cpu_count()} cores, torch {torch.__version__}, cuDNN {cudnn},"
        f" python {platform.python_version()}"
    }


@torch.inference_mode()
def main() -> int:
    asked = arguments()
    scale = models.TINY if asked.tiny else models.FULL
    device = torch.device("cuda" if torch.cuda.is_available() and not asked.tiny else "cpu")
    if asked.tiny:
        torch.set_num_threads(1)  # two that wait for each other on a busy machine measure only that
    try:
        record = Record(asked.record, asked.seconds, asked.only, machine(device))
    except Unusable as error:
        print(error, file=sys.stderr)
        return 1
    if device.type == "cuda" or asked.tiny:
        steps.run(scale, device, record)
        parts.encode(scale, device, record)
        decoders.run(scale, device, record)
        with tempfile.TemporaryDirectory(prefix="flipbook-bench-") as folder:
            parts.load(scale, device, record, asked.folder or Path(folder))
    else:
        print("no GPU here: nothing of the full size is measured", file=sys.stderr)
    print(f"\n{record.facts['machine']['on']}; {scale.width}x{scale.height}\n")
    print("\n".join(table(record.facts, scale)))
    if record.failed:
        print(f"failed in this call: {', '.join(record.failed)}", file=sys.stderr)
    return 1 if record.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""A model in the fewest bytes that a GPU reads: a file for each component, in the order of use, no encoder of the VAE.

In bfloat16, as every GPU holds it; a repository may have some of it in float32, which is twice as long to read.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Final

import torch

from functions.generate.mochi import direct, reading, weights
from functions.generate.mochi.reading import Entry, Unreadable, bytes_of
from functions.generate.weights.manifest import NAME, Broken, File, Manifest, verify

DTYPE: Final = torch.bfloat16
NAMES: Final = {"text_encoder": "model", "transformer": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
"""As diffusers calls a component's only file."""


def pack(source: Path, target: Path) -> None:
    """Write the model of `source` to `target`, which gets its name when it is whole.

    One tensor is in memory at a time. A component that an earlier try wrote is not written again.

    Raises: Broken: `target` is there already, or something in `source` is missing, changed or cannot be read.
    """
    if target.exists():
        raise Broken(f"{target} is there already")
    repository, revision = _origin(source)
    part = target.with_name(f".{target.name}.packing")
    _begin(source, part)
    try:
        for component, name in NAMES.items():
            file = part / component / f"{name}.safetensors"
            if not file.exists():
                _write(_entries(source / component), file)
    except Unreadable as error:
        raise Broken(f"{source} cannot be packed: {error}") from None
    packed = sorted(str(path.relative_to(part)) for path in part.rglob("*") if path.is_file() and NAME not in path.name)
    files = tuple(File.of(part, path) for path in packed)
    Manifest(repository=repository, revision=revision, files=files).write(part)
    part.rename(target)
    _source_of(part).unlink()


def _begin(source: Path, part: Path) -> None:
    """All but the weights; what is left of a try with other weights is thrown away."""
    whole = sorted(path for path in source.rglob("*") if path.is_file())
    told = "".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n" for path in whole)
    if not _source_of(part).exists() or _source_of(part).read_text() != told:
        shutil.rmtree(part, ignore_errors=True)
    for path in (source / "model_index.json", *source.glob("*/*.json")):
        if not path.name.endswith(".index.json"):
            copy = part / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    _source_of(part).write_text(told)


def _source_of(part: Path) -> Path:
    """Tells beside a half-packed folder of what it is made."""
    return part.with_name(f"{part.name}-of")


def _origin(source: Path) -> tuple[str, str | None]:
    if not (source / NAME).exists():
        return str(source), None  # put there by hand
    verify(source)  # what is written here gets digests of its own, by which a changed source would be sound
    manifest = Manifest.read(source)
    return manifest.repository, manifest.revision


def _entries(component: Path) -> list[tuple[Path, Entry]]:
    """Each tensor that is loaded, in the order of use.

    Raises: Unreadable: One is missing.
    """
    wanted = direct.names(component)
    found = {entry.name: (path, entry) for path in weights.files(component) for entry in reading.entries(path)}
    if missing := [name for name in wanted if name not in found]:
        raise Unreadable(f"{component.name} lacks {', '.join(missing[:3])}")
    return [found[name] for name in wanted]


def _write(entries: list[tuple[Path, Entry]], file: Path) -> None:
    """As safetensors has it: the header's length, the header, and the tensors without a gap."""
    header, end = {}, 0
    for _, entry in entries:
        start, end = end, end + (entry.end - entry.start) // entry.dtype.itemsize * DTYPE.itemsize
        header[entry.name] = {"dtype": "BF16", "shape": entry.shape, "data_offsets": (start, end)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    beside = file.with_name(f"{file.name}.part")
    with beside.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for path, entry in entries:
            out.write(_rounded(path, entry))
        out.flush()
        os.fsync(out.fileno())
    beside.rename(file)


def _rounded(path: Path, entry: Entry) -> memoryview:
    if not entry.dtype.is_floating_point:
        raise Unreadable(f"{entry.name} holds {entry.dtype}, and only numbers with a point are packed")
    data = torch.empty(entry.end - entry.start, dtype=torch.uint8)
    reading.pour(path, entry.start, bytes_of(data))
    return bytes_of(data.view(entry.dtype).to(DTYPE).view(torch.uint8))

"""Where a model's weights lie, and what to say when they do not."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from shared.core.errors import ModelUnavailable

NEEDED: Final = ("model_index.json", "tokenizer/tokenizer.json")
"""tokenizer.json too: from a bare spiece.model (what the hub's repository has) transformers makes a
tokenizer only with sentencepiece and protobuf installed, and its error names neither."""

COMPONENTS: Final = ("text_encoder", "transformer", "vae")
"""What has weights, in the order in which they are loaded."""
_SAMPLE: Final = 2**16
"""Bytes at each of three places of a file."""


def folder(weights_dir: Path, model: str) -> Path:
    """The model's folder, with its files in place.

    Raises:
        ModelUnavailable: Naming the folder and what belongs there.
    """
    found = weights_dir / model
    missing = [name for name in NEEDED if not (found / name).is_file()]
    if missing:
        raise ModelUnavailable(
            f"the weights of {model} are not in {found}: {' and '.join(missing)} missing. To bring them:"
            f" WEIGHTS_DIR={weights_dir} python -m functions.generate.weights fetch {model}"
        )
    return found


def files(component: Path) -> list[Path]:
    """A component's files, of its `bf16` variant if there is one; none where nothing was fetched."""
    found = sorted(component.glob("*.safetensors"))
    return [path for path in found if ".bf16" in path.name] or found


def in_order(model: Path) -> list[Path]:
    """All files that will be loaded, the first one first."""
    return [path for name in COMPONENTS for path in files(model / name)]


def digest(model: Path) -> str:
    """Tells other weights of the same name apart, in a moment: SHA-256 of each file's name, size and some of its bytes.

    Another training changes all numbers, so a few show it. Whether all are as they were fetched says `verify`.
    """
    found = hashlib.sha256()
    for path in in_order(model):
        size = path.stat().st_size
        found.update(f"{path.parent.name}/{path.name} {size} ".encode())
        with path.open("rb") as file:
            for start in (0, size // 2, size - _SAMPLE):
                file.seek(max(start, 0))
                found.update(file.read(_SAMPLE))
    return found.hexdigest()

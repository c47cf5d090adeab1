"""Where a model's weights lie, and what to say when they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.core.errors import ModelUnavailable

NEEDED: Final = ("model_index.json", "tokenizer/tokenizer.json")
"""tokenizer.json too: from a bare spiece.model (what the hub's repository has) transformers makes a
tokenizer only with sentencepiece and protobuf installed, and its error names neither."""


def folder(weights_dir: Path, model: str) -> Path:
    """The model's folder, with its files in place.

    Raises:
        ModelUnavailable: Naming the folder and what belongs there.
    """
    found = weights_dir / model
    missing = [name for name in NEEDED if not (found / name).is_file()]
    if missing:
        raise ModelUnavailable(
            f"the weights of {model} are not in {found}: {' and '.join(missing)} missing. Put there what"
            f' diffusers writes: MochiPipeline.from_pretrained("genmo/{model}", variant="bf16",'
            f' dtype=torch.bfloat16).save_pretrained("{found}")'
        )
    return found

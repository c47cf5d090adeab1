"""mochi-1-tiny: Mochi-1's architecture, 3 MB of random weights, built without any network.

It draws coloured noise. What it shows is that the platform runs the real pipeline, layer for layer.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

NAME: Final = "mochi-1-tiny"


def ensure(weights_dir: Path) -> None:
    """Build the model into `weights_dir` unless it is there. Any number of processes may do so at once.

    It is made in a folder beside and moved in one step, so nobody ever sees a part of it.
    """
    target = weights_dir / NAME
    if target.is_dir():
        return
    weights_dir.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{NAME}-", dir=weights_dir))
    try:
        workshop.chmod(0o755)
        build().save_pretrained(workshop, safe_serialization=True)
        _move(workshop, target)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _move(workshop: Path, target: Path) -> None:
    try:
        workshop.rename(target)
    except OSError:
        # A folder with files in it is never replaced: another process was faster, and its files are the same.
        if not target.is_dir():
            raise


def build() -> Any:
    """The pipeline of diffusers, equal down to the last bit each time."""
    from functions.generate.mochi import reference

    reference.hush()
    from functions.generate.mochi import tiny_parts  # seconds, and needed once

    return tiny_parts.pipeline()

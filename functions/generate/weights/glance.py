"""Whether a model is there, at a glance: by names and sizes, without the network, and without the minutes that digests
take.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from functions.generate.mochi import weights
from functions.generate.weights.manifest import NAME, Broken, Manifest
from shared.core.errors import ModelUnavailable

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


def is_there(place: Path, model: str) -> bool:
    """Whether this is more than half a model, which a fetch goes on from."""
    try:
        found = weights.folder(place, model)
    except ModelUnavailable:
        return False
    return (found / NAME).exists() or all(weights.files(found / each) for each in weights.COMPONENTS)


def told(folder: Path, source: str | None, revision: str | None) -> str:
    """What is there, and what a glance does not tell. `source` and `revision` are those asked for, if any.

    Raises: Broken: Something is missing or cut, or it is not what was asked for.
    """
    if not (folder / NAME).exists():
        return f"{folder} is there, put there by hand: without {NAME} nothing tells what it should hold."
    manifest = Manifest.read(folder)
    of = manifest.repository + (f" at {manifest.revision}" if manifest.revision else "")
    is_commit = _COMMIT.fullmatch(revision or "")
    asked = (source and str(Path(source)), manifest.repository), (is_commit and revision, manifest.revision)
    for wanted, found in asked:
        if wanted and wanted != found:
            raise Broken(f"{folder} is of {of}, and {wanted} was asked for. Take it away and fetch again")
    if wrong := [file.path for file in manifest.files if not file.has_its_size(folder)]:
        raise Broken(f"changed, cut or missing: {', '.join(wrong)}. Take {folder} away and fetch again")
    more = f" Where {revision} stands now was not looked up." if revision and not is_commit else ""
    return f"{folder} is there: {len(manifest.files)} files of their sizes, of {of}; verify reads them.{more}"

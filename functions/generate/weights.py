"""Bring a model's weights here from the hub, and hold what lies here against what was fetched.

    python -m functions.generate.weights fetch mochi-1-preview [--revision COMMIT]
    python -m functions.generate.weights verify mochi-1-preview

They go to WEIGHTS_DIR, a folder for each model. A fetch that was cut goes on where it was.
Files come as the repository has them; one without tokenizer.json is for fetch.py, which writes it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import OfflineModeIsEnabled

from shared.settings import BadSetting, Settings

REPOSITORIES: Final = {"mochi-1-preview": "genmo/mochi-1-preview"}
MANIFEST: Final = "flipbook-weights.json"
"""What was fetched and from where, beside it; written last, so that with it the model is whole."""
WANTED: Final = ("model_index.json", "scheduler/", "text_encoder/", "tokenizer/", "transformer/", "vae/")
_BLOCK: Final = 2**24


class Broken(ValueError):
    """What lies here is not what was fetched, or cannot be fetched. The message names each file."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as the hub tells of it: `digest` is SHA-256 of large ones, and of small ones git's SHA-1."""

    path: str
    size: int
    digest: str

    def is_sound(self, folder: Path) -> bool:
        here = folder / self.path
        return here.is_file() and here.stat().st_size == self.size and self.digest == _digest(here, self.digest)


def fetch(repository: str, revision: str | None, folder: Path) -> None:
    """All files that a drawing needs, in bfloat16 where the repository has that.

    Raises: Broken: A file arrived otherwise than the hub tells; it is taken away, and a further fetch brings it anew.
    """
    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    wanted = list(_wanted(info.siblings or ()))
    if not wanted:
        raise Broken(f"{repository} has no model of diffusers")
    snapshot_download(repository, revision=info.sha, local_dir=folder, allow_patterns=[file.path for file in wanted])
    damaged = [file.path for file in wanted if not file.is_sound(folder)]
    for path in damaged:
        (folder / path).unlink(missing_ok=True)
    if damaged:
        raise Broken(f"not as the hub tells, and taken away: {', '.join(damaged)}. Fetch again")
    told = {"repository": repository, "revision": info.sha, "files": [asdict(file) for file in wanted]}
    beside = folder / f".{MANIFEST}"
    beside.write_text(json.dumps(told, indent=1))
    beside.replace(folder / MANIFEST)


def verify(folder: Path) -> int:
    """How many files are as they were fetched.

    Raises: Broken: Some are not, or nothing tells what they should be.
    """
    try:
        files = [File(**each) for each in json.loads((folder / MANIFEST).read_text())["files"]]
    except (OSError, ValueError, LookupError, TypeError):
        raise Broken(f"{folder} has no sound {MANIFEST}: nothing was fetched whole. Fetch first") from None
    damaged = [file.path for file in files if not file.is_sound(folder)]
    if damaged:
        raise Broken(f"changed, cut or missing: {', '.join(damaged)}. Fetch again")
    return len(files)


def _wanted(siblings: Iterable[Any]) -> Iterator[File]:
    found = [each for each in siblings if each.rfilename.startswith(WANTED)]
    halved = {each.rfilename.partition("/")[0] for each in found if ".bf16" in each.rfilename}
    for each in found:
        component = each.rfilename.partition("/")[0]
        weights = each.rfilename.endswith((".safetensors", ".safetensors.index.json"))
        if each.rfilename.endswith((".bin", ".ckpt", ".pt")) or (
            weights and component in halved and ".bf16" not in each.rfilename
        ):
            continue
        yield File(each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else each.blob_id or "")


def _digest(path: Path, like: str) -> str:
    """SHA-256, or what git calls the file, as `like` is one or the other."""
    found = hashlib.sha256()
    if len(like) != len(found.hexdigest()):
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fetch", "verify"))
    parser.add_argument("model", choices=sorted(REPOSITORIES))
    parser.add_argument("--revision", help="a commit, branch or tag of the repository; by default its main branch")
    asked = parser.parse_args()
    try:
        folder = Settings.from_env().weights_dir / asked.model
        if asked.what == "fetch":
            fetch(REPOSITORIES[asked.model], asked.revision, folder)
        sys.stdout.write(f"{asked.model}: {verify(folder)} files in {folder} are as they were fetched\n")
    except (Broken, BadSetting) as error:
        sys.exit(str(error))
    except (httpx2.HTTPError, OfflineModeIsEnabled, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}. What has arrived stays: call it again to go on")


if __name__ == "__main__":
    main()

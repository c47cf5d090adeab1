"""What a model's folder holds and where it is from, written beside the weights and last of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

NAME: Final = "flipbook-weights.json"
"""With it a folder is whole."""
_BLOCK: Final = 2**24


class Broken(ValueError):
    """What lies here is not what was fetched, or cannot be fetched. The message names each file."""


@dataclass(frozen=True, slots=True)
class File:
    """One file: `digest` is SHA-256, or what git calls it (the hub tells that of small ones)."""

    path: str
    size: int
    digest: str

    @classmethod
    def of(cls, folder: Path, path: str) -> File:
        """The one that lies there."""
        here = folder / path
        return cls(path, here.stat().st_size, _digest(here, "0" * 64))

    def has_its_size(self, folder: Path) -> bool:
        here = folder / self.path
        return here.is_file() and here.stat().st_size == self.size

    def is_sound(self, folder: Path) -> bool:
        return self.has_its_size(folder) and self.digest == _digest(folder / self.path, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    repository: str
    revision: str | None
    files: tuple[File, ...]

    def write(self, folder: Path) -> None:
        beside = folder / f".{NAME}"
        beside.write_text(json.dumps(asdict(self), indent=1))
        beside.replace(folder / NAME)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Raises: Broken: There is none, or none that can be read."""
        try:
            told = json.loads((folder / NAME).read_text())
            files = tuple(File(each["path"], each["size"], each["digest"]) for each in told["files"])
            return cls(repository=told["repository"], revision=told["revision"], files=files)
        except (OSError, ValueError, LookupError, TypeError):
            raise Broken(
                f"{folder} has no sound {NAME}: nothing tells what it should hold. Take it away and fetch again"
            ) from None


def damaged(folder: Path, files: Iterable[File]) -> list[str]:
    """Which of them are changed, cut or missing."""
    return [file.path for file in files if not file.is_sound(folder)]


def verify(folder: Path) -> int:
    """How many files are as they were fetched or packed.

    Raises: Broken: Some are not, or nothing tells what they should be.
    """
    files = Manifest.read(folder).files
    if wrong := damaged(folder, files):
        raise Broken(f"changed, cut or missing: {', '.join(wrong)}. Take {folder} away and fetch again")
    return len(files)


def _digest(path: Path, like: str) -> str:
    """SHA-256, or what git calls the file, as `like` is one or the other."""
    found = hashlib.sha256()
    if len(like) != len(found.hexdigest()):
        found = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()

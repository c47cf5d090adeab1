"""An issuer's keys in a file, as a mounted ConfigMap is one. It is read anew each time: Kubernetes exchanges it."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from shared.core.errors import Unavailable

MAX_BYTES: Final = 256 * 1024


class FileKeySet:
    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def from_url(cls, url: str) -> FileKeySet:
        return cls(Path(unquote(urlsplit(url).path)))

    def fetch(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Unavailable(f"the issuer's keys in {self._path} cannot be read: {error.strerror}") from error
        if len(text) > MAX_BYTES:
            raise Unavailable(f"the issuer's keys in {self._path} are more than {MAX_BYTES} bytes")
        return text

"""Artifacts in this process's memory: for tests, and for trying things out in one process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from shared.core.errors import NotFound
from shared.core.keys import checked
from shared.core.output import Artifact

CHUNK = 256 * 1024


class MemoryArtifacts:
    """An ArtifactStore that forgets everything when its process ends."""

    def __init__(self) -> None:
        # Artifact and bytes are replaced as one tuple: no reader can see halves of two puts.
        self._objects: dict[str, tuple[Artifact, bytes]] = {}

    def put(self, key: str, source: Path | bytes, content_type: str) -> Artifact:
        checked(key)
        data = source if isinstance(source, bytes) else source.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        artifact = Artifact(key=key, content_type=content_type, bytes=len(data), sha256=digest)
        self._objects[key] = (artifact, data)
        return artifact

    def stat(self, key: str) -> Artifact:
        return self._find(key)[0]

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        data = self._find(key)[1][start:end]
        return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))

    def link(self, key: str, *, expires: timedelta, filename: str, content_type: str) -> str | None:  # noqa: ARG002
        checked(key)
        return None

    def delete(self, prefix: str) -> int:
        checked(prefix)
        doomed = [key for key in list(self._objects) if key == prefix or key.startswith(f"{prefix}/")]
        return sum(self._objects.pop(key, None) is not None for key in doomed)

    def ping(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        self._objects.clear()

    def _find(self, key: str) -> tuple[Artifact, bytes]:
        try:
            return self._objects[checked(key)]
        except KeyError:
            raise NotFound(f"there is no artifact {key}") from None

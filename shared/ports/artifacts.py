"""Bytes by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from shared.core.output import Artifact


class ArtifactStore(Protocol):
    """Bytes by key. Keys are `/`-separated names of `[A-Za-z0-9._-]`; no part is `.` or `..`."""

    def put(self, key: str, source: Path | bytes, content_type: str) -> Artifact:
        """Store the whole of `source` or nothing; a reader sees the old object or the new, never a part."""
        ...

    def stat(self, key: str) -> Artifact:
        """Raises: NotFound, Damaged."""
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks.

        Raises:
            NotFound: At once, not at the first chunk.
            Damaged: The same, where the store can tell.
        """
        ...

    def link(self, key: str, *, expires: timedelta, filename: str, content_type: str) -> str | None:
        """A URL that lets its holder GET just this object until then; None if this store has no such thing."""
        ...

    def delete(self, prefix: str) -> int:
        """Delete every object whose key is `prefix` or starts with `prefix/`; how many. None is no error."""
        ...

    def ping(self) -> None: ...

    def close(self) -> None: ...

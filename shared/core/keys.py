"""Names in the artifact store: which keys are well formed, and where the platform keeps what."""

from __future__ import annotations

import re
from typing import Final

_PART: Final = re.compile(r"[A-Za-z0-9._-]+")
MAX_PART: Final = 200
"""File systems end at 255 bytes; a store may need some of them for itself."""
MAX_KEY: Final = 900
"""S3 ends at 1,024 bytes; a store may put a prefix of its own before a key."""


def parts(key: str) -> list[str]:
    """The names that `key` consists of.

    Raises:
        ValueError: `key` is not `/`-separated names of `[A-Za-z0-9._-]`, or one of them is `.` or `..`.
    """
    names = key.split("/")
    for name in names:
        if name in (".", ".."):
            raise ValueError(f"artifact key {key!r}: no part may be '.' or '..'")
        if not _PART.fullmatch(name):
            raise ValueError(f"artifact key {key!r}: it must be names of A-Z a-z 0-9 . _ - with single slashes between")
        if len(name) > MAX_PART:
            raise ValueError(f"artifact key {key[:40]!r}...: a part must not be longer than {MAX_PART} characters")
    if len(key) > MAX_KEY:
        raise ValueError(f"artifact key {key[:40]!r}...: it must not be longer than {MAX_KEY} characters")
    return names


def checked(key: str) -> str:
    """`key`, if it is well formed; ValueError if not."""
    parts(key)
    return key


def job_prefix(tenant: str, job_id: str) -> str:
    """Everything that a job ever stored lies under it."""
    return checked(f"{tenant}/{job_id}")


def artifact_key(tenant: str, job_id: str, attempt: str, name: str) -> str:
    """Each attempt has a folder of its own: a stale worker cannot overwrite the winner's video."""
    return checked(f"{tenant}/{job_id}/{attempt}/{name}")


def preview_key(tenant: str, job_id: str) -> str:
    """One per job and outside its attempts: it is shown between two of them as well."""
    return checked(f"{tenant}/{job_id}/preview.webp")


def checkpoint_key(tenant: str, job_id: str) -> str:
    """One per job and outside its attempts: the next attempt goes on from it."""
    return checked(f"{tenant}/{job_id}/checkpoint")

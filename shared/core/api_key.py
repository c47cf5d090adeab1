"""API keys that a store keeps: whose each is, what it opens, for how long, and that it can be exchanged.

Of a key's secret only an HMAC is kept, under a pepper that lies elsewhere: who reads the store
opens nothing, and who can write to it cannot make a key.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.core.access import Caller, Scope
from shared.core.errors import Conflict

MAX_LIVE: Final = 2
"""Secrets of one key that open at a time: the new one, and the one it takes over from."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What is kept of a secret, and when it stops to open; None: with its key."""

    digest: str
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """One entry, known by its id, with its live secrets, the newest first."""

    id: str
    tenant: str
    scopes: tuple[str, ...]
    """Words of Scope. One that this version does not know is kept, and opens nothing here."""
    label: str = ""
    secrets: tuple[Secret, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rotated_at: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and not _over(self.expires_at, at)

    @property
    def caller(self) -> Caller:
        known = frozenset(scope for scope in Scope if scope in self.scopes)
        return Caller(self.tenant, self.id, known)


@dataclass(frozen=True, slots=True)
class Revoked:
    """The key opens nothing any more. Said twice, the first time counts."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The key has a new secret; the old one opens for as long as `overlap`."""

    digest: str
    overlap: timedelta


Change = Revoked | Rotated


def digest(key: str, pepper: str) -> str:
    """HMAC-SHA256 of a whole key, its id included, so that no digest fits another entry."""
    return hmac.digest(pepper.encode(), key.encode(), "sha256").hex()


def opens(entry: ApiKey, digests: Sequence[str], at: datetime) -> bool:
    """Whether a key with one of these digests (one for each pepper) opens now. Every pair is compared."""
    live = [secret.digest for secret in entry.secrets if not _over(secret.ends_at, at)]
    matches = [hmac.compare_digest(known, shown) for known in live for shown in digests]
    return any(matches) and entry.is_live(at)


def changed(entry: ApiKey, change: Change, at: datetime) -> ApiKey:
    """The entry after `change`.

    Raises:
        Conflict: It is revoked or expired (`key_not_live`), or two secrets live (`rotation_under_way`).
    """
    match change:
        case Revoked():
            return entry if entry.revoked_at else replace(entry, revoked_at=at)
        case Rotated(digest=new, overlap=overlap):
            return replace(entry, secrets=(Secret(new), *_old(entry, at, overlap)), rotated_at=at)


def _old(entry: ApiKey, at: datetime, overlap: timedelta) -> Collection[Secret]:
    """The secrets that go on beside a new one."""
    if not entry.is_live(at):
        raise Conflict(f"the key {entry.id} is revoked or expired; make a new one", code="key_not_live")
    if not overlap:
        return ()
    live = [secret for secret in entry.secrets if not _over(secret.ends_at, at)]
    if len(live) >= MAX_LIVE:
        raise Conflict(
            f"the key {entry.id} has {MAX_LIVE} live secrets, the older one until"
            f" {live[-1].ends_at:%Y-%m-%dT%H:%M:%SZ}; wait for its end, or rotate without overlap, which ends both now",
            code="rotation_under_way",
        )
    return [replace(secret, ends_at=at + overlap) for secret in live]


def _over(end: datetime | None, at: datetime) -> bool:
    return end is not None and end <= at

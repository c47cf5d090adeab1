"""API keys that can be made, exchanged and revoked while the platform runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.core.api_key import ApiKey, Change

MAX_KEYS: Final = 10_000
"""Entries that a store keeps if it is told nothing else; the revoked ones count until they are deleted."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What stood under an id, and the store's time then: expiry is judged by that clock."""

    at: datetime
    entry: ApiKey | None


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Some entries by id; behind the last there are more, or not."""

    entries: Sequence[ApiKey]
    has_more: bool


class KeyStore(Protocol):
    """Entries by id. Knows digests only, never a secret."""

    def now(self) -> datetime: ...

    def add(self, entry: ApiKey) -> None:
        """Keep a new entry. Said twice, it is there once.

        Raises: Conflict: Another one has its id (`key_exists`), or the store is full (`too_many_keys`).
        """
        ...

    def sight(self, key_id: str) -> Sighting:
        """One entry as it stands now, in one look."""
        ...

    def apply(self, key_id: str, change: Change) -> ApiKey:
        """Change an entry by `changed`, at the store's time, against what was read.

        Raises: NotFound; Conflict: As of `changed`.
        """
        ...

    def page(self, *, limit: int, after: str | None = None) -> KeyPage:
        """At most `limit` entries whose id comes behind `after`, by id."""
        ...

    def delete(self, key_id: str) -> None:
        """From now on there is no such entry. Raises: NotFound: There was none."""
        ...

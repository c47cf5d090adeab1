"""What the platform's owner does with stored API keys. Knows no Flask; the command line uses it too."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from shared.core import access
from shared.core.access import new_api_key, new_key_id
from shared.core.api_key import ApiKey, Revoked, Rotated, Secret, digest
from shared.core.errors import Conflict, NotFound
from shared.core.key_wish import KeyWish
from shared.ports import KeyPage, KeyStore

log = logging.getLogger(__name__)

_CHUNK: Final = 100


class Locksmith:
    """Makes, exchanges and revokes keys, of every tenant. Secrets pass through, once, and are kept nowhere."""

    def __init__(self, store: KeyStore, peppers: Sequence[str]) -> None:
        self._store = store
        self._peppers = peppers

    def make(self, wish: KeyWish, *, by: str) -> tuple[ApiKey, str]:
        """A new entry and its key. `by` is the id of the key that asks.

        Raises: Conflict: There are too many, or no pepper is set (`keys_off`).
        """
        pepper, key_id = self._pepper(), new_key_id()
        key, at = new_api_key(key_id), self._store.now()
        entry = ApiKey(
            id=key_id,
            tenant=wish.tenant,
            scopes=tuple(wish.scopes),
            label=wish.label,
            secrets=(Secret(digest(key, pepper)),),
            created_at=at,
            expires_at=None if wish.life is None else at + wish.life,
        )
        self._store.add(entry)
        log.info("API key made", extra={"key_id": entry.id, "by": by})
        return entry, key

    def rotate(self, key_id: str, overlap: timedelta, *, by: str) -> tuple[ApiKey, str]:
        """The entry with a new secret, and the new key; the old one opens for as long as `overlap`.

        Raises: NotFound; Conflict: As of api_key.changed, or `keys_off`.
        """
        pepper = self._pepper()
        key = new_api_key(_checked(key_id))
        entry = self._store.apply(key_id, Rotated(digest(key, pepper), overlap))
        log.info("API key rotated", extra={"key_id": key_id, "by": by, "seconds": overlap.total_seconds()})
        return entry, key

    def revoke(self, key_id: str, *, by: str) -> ApiKey:
        """Raises: NotFound."""
        entry = self._store.apply(_checked(key_id), Revoked())
        log.info("API key revoked", extra={"key_id": key_id, "by": by})
        return entry

    def get(self, key_id: str) -> ApiKey:
        """Raises: NotFound."""
        entry = self._store.sight(_checked(key_id)).entry
        if entry is None:
            raise NotFound(f"there is no key {key_id}")
        return entry

    def page(self, *, limit: int, after: str | None, tenant: str | None = None) -> KeyPage:
        """At most `limit` entries by id, of one tenant or of all."""
        found: list[ApiKey] = []
        while True:
            page = self._store.page(limit=_CHUNK, after=after)
            found += [entry for entry in page.entries if tenant in (None, entry.tenant)]
            if len(found) > limit or not page.has_more:
                return KeyPage(found[:limit], has_more=len(found) > limit)
            after = page.entries[-1].id

    def delete(self, key_id: str, *, by: str) -> None:
        """Revoke the key by forgetting it. Raises: NotFound."""
        self._store.delete(_checked(key_id))
        log.info("API key deleted", extra={"key_id": key_id, "by": by})

    def _pepper(self) -> str:
        if not self._peppers:
            raise Conflict("stored keys are off: set KEY_PEPPER on submit first", code="keys_off")
        return self._peppers[0]


def _checked(key_id: str) -> str:
    """Only what can be an id becomes part of a name in the store."""
    if not access.is_key_id(key_id):
        raise NotFound("there is no such key: an id is 8 lower-case letters or digits")
    return key_id

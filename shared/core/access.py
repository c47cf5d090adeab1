"""Who may come in, as whom, and to do what: API keys of the form `fb_<id>_<secret>`.

An entry is a key, with what it opens before it: `[<tenant>[:<scope>[+<scope>]...]=]<key>`.
A key alone opens everything of the tenant `default`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.core.errors import Forbidden
from shared.core.priority import Priority

_ID: Final = re.compile(r"[a-z0-9]{8}")
_KEY: Final = re.compile(rf"fb_({_ID.pattern})_([A-Za-z0-9_-]{{32,64}})")
TENANT: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""As a DNS label, so that it is a name in every store."""
DEFAULT_TENANT: Final = "default"


class Scope(StrEnum):
    """What a key may be good for."""

    READ = "videos:read"
    """See videos and the queue."""
    WRITE = "videos:write"
    """Create, cancel, retry and delete videos."""
    PRIORITY = "videos:priority"
    """Ask for videos of high priority."""
    ADMIN = "admin"
    """See and steer the whole platform: `/metrics` and everything below `/admin/`."""


ALL_SCOPES: Final = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it was. Every record belongs to a tenant; `key_id` may stand in logs."""

    tenant: str
    key_id: str
    scopes: frozenset[Scope] = ALL_SCOPES

    @property
    def most_urgent(self) -> Priority:
        """The highest priority that it may ask for."""
        return Priority.HIGH if Scope.PRIORITY in self.scopes else Priority.NORMAL

    def needs(self, scope: Scope) -> None:
        """Raises: Forbidden: The key is not good for that."""
        if scope not in self.scopes:
            raise Forbidden(f"this API key lacks the scope {scope}")


def new_key_id() -> str:
    """8 hex digits. They name a key, and are no secret."""
    return secrets.token_hex(4)


def new_api_key(key_id: str | None = None) -> str:
    """`fb_<id>_<secret>`, under a new id if none is given; 256 bits of it are secret."""
    return f"fb_{key_id or new_key_id()}_{secrets.token_urlsafe(32)}"


def key_id(key: str) -> str | None:
    """The id in a key; None when it has not our form."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def is_key_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_tenant(name: str) -> bool:
    return TENANT.fullmatch(name) is not None


class Keyring:
    """The keys that open the API. Keeps only digests, compares in constant time."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Raises: ValueError: An entry is not of our form, or two share an id; no key is repeated in the message."""
        self._known: dict[str, tuple[bytes, Caller]] = {}
        for entry in entries:
            digest, caller = _read(entry)
            known = self._known.setdefault(caller.key_id, (digest, caller))
            if not hmac.compare_digest(known[0], digest):
                raise ValueError(f"two API keys have the id {caller.key_id}; one of them would open nothing")
            if known[1] != caller:
                raise ValueError(f"the API key {caller.key_id} stands there twice, and opens not the same both times")

    def caller(self, key: str) -> Caller | None:
        """Whose key this is; None when it opens nothing."""
        known = self._known.get(key_id(key) or "")
        if known is None or not hmac.compare_digest(_digest(key), known[0]):
            return None
        return known[1]


def _read(entry: str) -> tuple[bytes, Caller]:
    owner, equals, key = entry.rpartition("=")
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(
            "an API key is fb_<8 letters or digits>_<32 to 64 letters, digits, - or _>,"
            " with <tenant>= or <tenant>:<scope>+<scope>= before it if it must not open everything"
        )
    tenant, colon, scopes = owner.partition(":") if equals else (DEFAULT_TENANT, "", "")
    if not is_tenant(tenant):
        raise ValueError(
            f"the tenant of the API key {match[1]} must be 1 to 63 of a-z, 0-9 and -, with no - at either end"
        )
    return _digest(key), Caller(tenant, match[1], _scopes(match[1], scopes) if colon else ALL_SCOPES)


def _scopes(key_id: str, text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(word) for word in text.split("+"))
    except ValueError:
        # Not the word that is wrong: somebody may have put the secret there.
        raise ValueError(f"the scopes of the API key {key_id} must be one or more of {'+'.join(Scope)}") from None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()

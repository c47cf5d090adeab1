"""Who may come in: API keys of the form `fb_<id>_<secret>`."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"fb_([a-z0-9]{8})_([A-Za-z0-9_-]{32,64})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it was. Every record belongs to a tenant; `key_id` may stand in logs."""

    tenant: str
    key_id: str


def new_api_key() -> str:
    """`fb_<8 hex>_<secret>`; 256 bits of it are secret."""
    return f"fb_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


class Keyring:
    """The keys that open the API. Keeps only digests, compares in constant time."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Raises: ValueError: A key is not of our form, or two share an id; no key is repeated in the message."""
        self._digests: dict[str, bytes] = {}
        for key in keys:
            match = _FORM.fullmatch(key)
            if match is None:
                raise ValueError("an API key is fb_<8 letters or digits>_<32 to 64 letters, digits, - or _>")
            if self._digests.setdefault(match[1], _digest(key)) != _digest(key):
                raise ValueError(f"two API keys have the id {match[1]}; one of them would open nothing")

    def caller(self, key: str) -> Caller | None:
        """Whose key this is; None when it opens nothing."""
        match = _FORM.fullmatch(key)
        known = self._digests.get(match[1], b"") if match else b""
        if match is None or not hmac.compare_digest(_digest(key), known):
            return None
        return Caller(tenant="default", key_id=match[1])


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()

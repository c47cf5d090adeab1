"""Secrets that must be read again, as they may lie in a store: AES-256-GCM (NIST SP 800-38D).

Sealed is `<key id>.<base64 of nonce and ciphertext>`. What a secret is for is authenticated with it,
so that one cannot be put in another's place.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core.errors import Unavailable

NONCE_BYTES: Final = 12
"""Random, and new for each seal."""


class Sealer:
    """Seals under the first of its keys, 32 bytes each, and opens what was sealed under any."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_id(key): AESGCM(key) for key in keys}

    @property
    def can_seal(self) -> bool:
        return bool(self._keys)

    def seal(self, secret: str, *, nonce: bytes, purpose: str) -> str:
        """Raises: Unavailable: No key is set."""
        for name, key in self._keys.items():
            return f"{name}.{base64.b64encode(nonce + key.encrypt(nonce, secret.encode(), purpose.encode())).decode()}"
        raise Unavailable("WEBHOOK_KEY is not set, so no secret can be sealed", retry_after=60)

    def open(self, sealed: str, *, purpose: str) -> str:
        """Raises: Unavailable: It was sealed under a key that is not set here, or for something else."""
        name, _, text = sealed.partition(".")
        key = self._keys.get(name)
        if key is None:
            raise Unavailable("a secret is sealed under a key which WEBHOOK_KEY lacks", retry_after=60)
        try:
            data = base64.b64decode(text, validate=True)
            return key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unavailable("what is sealed was changed", retry_after=60) from None


def _id(key: bytes) -> str:
    """Names a key, and tells nothing of it that would help to find it."""
    return hashlib.sha256(b"flipbook sealing key " + key).hexdigest()[:8]

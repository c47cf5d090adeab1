"""Signatures on callbacks: Standard Webhooks 1.0.0, symmetric scheme `v1` and asymmetric scheme `v1a`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX: Final = "whsec_"
SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")
"""How a secret looks; whether it is one, says `secret_key`."""
PRIVATE_PREFIX: Final = "whsk_"
SEED_BYTES: Final = 32
"""Of an Ed25519 private key (RFC 8032)."""


def secret_key(secret: str) -> bytes:
    """The key bytes of a `whsec_<base64>` secret.

    Raises:
        ValueError: It is not of that form, or not 24 to 64 bytes long.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:  # not base64, or not even ASCII
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"a webhook secret is {PREFIX} and the base64 of 24 to 64 random bytes")
    return key


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """The `v1` signature of `body`, sent as `message_id` at `at`."""
    digest = hmac.new(secret_key(secret), _signed(message_id, at, body), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class PrivateKey:
    """The platform's own key, the same for all receivers: who has its public half needs no secret."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @classmethod
    def of(cls, text: str) -> PrivateKey:
        """From `whsk_<base64 of 32 random bytes>`. Raises: ValueError: It is not of that form."""
        try:
            seed = base64.b64decode(text.removeprefix(PRIVATE_PREFIX), validate=True)
        except ValueError:
            seed = b""
        if not text.startswith(PRIVATE_PREFIX) or len(seed) != SEED_BYTES:
            raise ValueError(f"a signing key is {PRIVATE_PREFIX} and the base64 of {SEED_BYTES} random bytes")
        return cls(seed)

    def sign(self, message_id: str, at: datetime, body: bytes) -> str:
        """The `v1a` signature."""
        return "v1a," + base64.b64encode(self._key.sign(_signed(message_id, at, body))).decode()

    def jwk(self) -> dict[str, str]:
        """Its public half (RFC 8037), named by its thumbprint (RFC 7638)."""
        public = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(self._key.public_key().public_bytes_raw())}
        thumbprint = hashlib.sha256(json.dumps(public, separators=(",", ":"), sort_keys=True).encode()).digest()
        return {**public, "kid": _base64url(thumbprint), "use": "sig", "alg": "EdDSA"}


def key_set(keys: Sequence[PrivateKey]) -> dict[str, Any]:
    """The public halves, as a JWK Set (RFC 7517)."""
    return {"keys": [key.jwk() for key in keys]}


def _signed(message_id: str, at: datetime, body: bytes) -> bytes:
    return f"{message_id}.{int(at.timestamp())}.".encode() + body


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

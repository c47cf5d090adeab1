"""Signatures on callbacks: Standard Webhooks 1.0.0, symmetric scheme `v1`."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


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
    """The `webhook-signature` header of `body`, sent as `message_id` at `at`."""
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    digest = hmac.new(secret_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()

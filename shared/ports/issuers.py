"""Where the public keys of an issuer of tokens lie."""

from __future__ import annotations

from typing import Protocol


class KeySetSource(Protocol):
    """One issuer's JSON Web Key Set (RFC 7517), as it stands now."""

    def fetch(self) -> bytes:
        """Its text, at most 256 KiB. Raises: Unavailable: It cannot be had now."""
        ...

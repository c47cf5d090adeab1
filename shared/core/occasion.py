"""The request that something was made for, as it is kept with it: a repeat is answered by what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.core.errors import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    name: str
    """A digest of what the request is known by."""
    fingerprint: str | None = None
    """Of what was asked for under a key; None: a counted call, whose name says that too."""
    tries: int = 0
    """How often a counted call was made before."""
    until: datetime
    """A repeat is known until then."""

    def repeats(self, earlier: Occasion | None, at: datetime) -> bool:
        """Whether the two are one request; of a counted call that is likely, not sure (docs/decisions/0015).

        Raises: Conflict: The key was used for something else (`idempotency_mismatch`).
        """
        if earlier is None or earlier.name != self.name or at >= earlier.until:
            return False
        if earlier.fingerprint != self.fingerprint:
            raise Conflict("this key was used for another request; use a new one", code="idempotency_mismatch")
        return self.fingerprint is not None or earlier.tries < self.tries or earlier == self

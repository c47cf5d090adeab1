"""Whom a credential lets in. Knows no Flask."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from functions.submit.known_keys import KnownKeys
from shared.core.access import DEFAULT_TENANT, Caller, Keyring, Scope

_SENDER: Final = Caller(tenant=DEFAULT_TENANT, key_id="event-token", scopes=frozenset({Scope.WRITE}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """Knows keys from the environment (`keyring`), from the store (`known`), and the one token of senders of events."""

    keyring: Keyring
    known: KnownKeys
    event_token: str = ""

    def key_holder(self, shown: str) -> Caller | None:
        """Raises: Unavailable: It may be a stored key, and the store does not answer."""
        return self.keyring.caller(shown) or self.known.caller(shown)

    def sender(self, shown: str) -> Caller | None:
        """Who may only set a header of his own, and send events."""
        if not self.event_token or not hmac.compare_digest(shown.encode(), self.event_token.encode()):
            return None
        return _SENDER

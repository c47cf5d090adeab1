"""Whom a credential lets in. Knows no Flask."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from functions.submit.issuer_keys import IssuerKeys
from functions.submit.known_keys import KnownKeys
from functions.submit.tokens import Tokens
from shared import wiring
from shared.core import access
from shared.core.access import DEFAULT_TENANT, Caller, Keyring, Scope
from shared.core.claims import SenderClaims, UserClaims
from shared.settings import Settings
from shared.wiring import Services

_SENDER: Final = Caller(tenant=DEFAULT_TENANT, key_id="event-token", scopes=frozenset({Scope.WRITE}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """Knows keys from the environment (`keyring`) and from the store (`known`), and tokens of issuers."""

    keyring: Keyring
    known: KnownKeys
    event_token: str = ""
    tokens: Tokens | None = None
    """Of people and programs."""
    event_tokens: Tokens | None = None
    """Of senders of events, such as Triggers."""

    def bearer(self, shown: str, *, sends_events: bool) -> Caller | None:
        """Who shows a key, or a token if it has not the form of a key.

        Raises: Unavailable: That cannot be told now.
        """
        if access.key_id(shown) is not None:
            return self.key_holder(shown)
        found = self.event_tokens.caller(shown) if self.event_tokens and sends_events else None
        return found or (self.tokens.caller(shown) if self.tokens else None)

    def key_holder(self, shown: str) -> Caller | None:
        """Raises: Unavailable: It may be a stored key, and the store does not answer."""
        return self.keyring.caller(shown) or self.known.caller(shown)

    def sender(self, shown: str) -> Caller | None:
        """Who may only set a header of his own, and send events."""
        if not self.event_token or not hmac.compare_digest(shown.encode(), self.event_token.encode()):
            return None
        return _SENDER


def of(settings: Settings, services: Services) -> Doorkeeper:
    """Who knows what these settings and stores let in."""
    return Doorkeeper(
        keyring=Keyring(settings.api_keys),
        known=KnownKeys(services.api_keys, settings.key_peppers),
        event_token=settings.event_token,
        tokens=_user_tokens(settings) if settings.oidc_issuer else None,
        event_tokens=_sender_tokens(settings) if settings.event_oidc_issuer else None,
    )


def _user_tokens(settings: Settings) -> Tokens:
    meaning = UserClaims(
        tenant_claim=settings.oidc_tenant_claim, scope_claim=settings.oidc_scope_claim, allowed=settings.oidc_scopes
    )
    keys = IssuerKeys(wiring.key_set(settings.oidc_jwks))
    return Tokens(keys, meaning, issuer=settings.oidc_issuer, audience=settings.oidc_audience)


def _sender_tokens(settings: Settings) -> Tokens:
    meaning = SenderClaims(subjects=frozenset(settings.event_oidc_subjects))
    keys = IssuerKeys(wiring.key_set(settings.event_oidc_jwks))
    return Tokens(keys, meaning, issuer=settings.event_oidc_issuer, audience=settings.event_oidc_audience)

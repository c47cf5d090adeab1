"""Whom a credential lets in. Knows no Flask."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from functions.submit.known_keys import KnownKeys
from shared import wiring
from shared.core import access
from shared.core.access import DEFAULT_TENANT, Caller, Keyring, Scope
from shared.core.claims import SenderClaims, UserClaims
from shared.settings import Settings
from shared.wiring import Services

Verify = Callable[[str], Caller | None]
"""Whom a token lets in (tokens.py)."""
_SENDER: Final = Caller(tenant=DEFAULT_TENANT, key_id="event-token", scopes=frozenset({Scope.WRITE}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request shows; None and empty: nothing."""

    bearer: str | None = None
    key: str = ""
    event_token: str = ""
    sends_events: bool = False
    """Whether it came to a door of events, which opens to more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """Knows keys from the environment (`keyring`) and from the store (`known`), and tokens of issuers."""

    keyring: Keyring
    known: KnownKeys
    event_token: str = ""
    tokens: Verify | None = None
    """Of people and programs."""
    event_tokens: Verify | None = None
    """Of senders of events, such as Triggers."""

    def admitted(self, shown: Credentials) -> Caller | None:
        """Who this is; None: nobody who may come in. A bearer's word counts before the other header's.

        Raises: Unavailable: That cannot be told now.
        """
        if shown.sends_events and self._is_event_token(shown.event_token):
            return _SENDER
        if shown.bearer is None:
            return self._key_holder(shown.key)
        if access.key_id(shown.bearer) is not None:
            return self._key_holder(shown.bearer)
        found = self.event_tokens(shown.bearer) if self.event_tokens and shown.sends_events else None
        return found or (self.tokens(shown.bearer) if self.tokens else None)

    def _key_holder(self, key: str) -> Caller | None:
        return self.keyring.caller(key) or self.known.caller(key)

    def _is_event_token(self, shown: str) -> bool:
        return bool(self.event_token) and hmac.compare_digest(shown.encode(), self.event_token.encode())


def of(settings: Settings, services: Services) -> Doorkeeper:
    """Who knows what these settings and stores let in."""
    return Doorkeeper(
        keyring=Keyring(settings.api_keys),
        known=KnownKeys(services.api_keys, settings.key_peppers),
        event_token=settings.event_token,
        tokens=_user_tokens(settings) if settings.oidc_issuer else None,
        event_tokens=_sender_tokens(settings) if settings.event_oidc_issuer else None,
    )


def _user_tokens(settings: Settings) -> Verify:
    meaning = UserClaims(
        tenant_claim=settings.oidc_tenant_claim, scope_claim=settings.oidc_scope_claim, allowed=settings.oidc_scopes
    )
    return _verify(meaning, settings.oidc_jwks, settings.oidc_issuer, settings.oidc_audience)


def _sender_tokens(settings: Settings) -> Verify:
    meaning = SenderClaims(subjects=frozenset(settings.event_oidc_subjects))
    return _verify(meaning, settings.event_oidc_jwks, settings.event_oidc_issuer, settings.event_oidc_audience)


def _verify(meaning: UserClaims | SenderClaims, jwks: str, issuer: str, audience: str) -> Verify:
    # Here and not above: most have no issuer, and what verifies takes memory and start-up time.
    from functions.submit.issuer_keys import IssuerKeys
    from functions.submit.tokens import Tokens

    return Tokens(IssuerKeys(wiring.key_set(jwks)), meaning, issuer=issuer, audience=audience).caller

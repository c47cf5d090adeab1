"""What the claims of a verified token say here: whose videos it opens, and what it may do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.core import access
from shared.core.access import DEFAULT_TENANT, Caller, Scope

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserClaims:
    """Tokens of people and programs: a claim names the tenant, another one the scopes."""

    tenant_claim: str
    scope_claim: str
    allowed: frozenset[Scope]
    """No token opens more than this, whatever it says."""

    def caller(self, claims: Claims) -> Caller | None:
        """None when no tenant is named. A token without a scope of ours opens nothing, and is told so."""
        tenant = claims.get(self.tenant_claim)
        if not isinstance(tenant, str) or not access.is_tenant(tenant):
            return None
        return Caller(tenant, name(claims), self.allowed & _scopes(claims.get(self.scope_claim)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderClaims:
    """Tokens of senders of events. In a cluster anybody may get one for our audience, so the subjects are named."""

    subjects: frozenset[str]

    def caller(self, claims: Claims) -> Caller | None:
        if claims.get("sub") not in self.subjects:
            return None
        return Caller(DEFAULT_TENANT, name(claims), frozenset({Scope.WRITE}))


def name(claims: Claims) -> str:
    """Who a token is about, for logs: the same for each of his tokens, and no address of his."""
    subject = f"{claims.get('iss')}\n{claims.get('sub')}"
    return f"sub-{hashlib.sha256(subject.encode(errors='replace')).hexdigest()[:16]}"


def _scopes(value: object) -> frozenset[Scope]:
    """A list of words, or words between spaces (RFC 8693, 4.2). Words of others mean nothing here."""
    words = value.split(" ") if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(scope for scope in Scope if scope in words)

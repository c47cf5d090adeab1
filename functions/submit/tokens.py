"""Bearer tokens of an OpenID Connect issuer: JSON Web Tokens (RFC 7519), read as RFC 8725 advises. Knows no Flask.

The key and its algorithms come from the issuer's own set, by `kid`. What else a token's head says
of keys (jwk, jku, x5u, x5c) is not looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from functions.submit.issuer_keys import MAX_KID, IssuerKeys
from shared.core import json_text
from shared.core.access import Caller
from shared.core.claims import Claims

log = logging.getLogger(__name__)

MAX_TOKEN: Final = 8192
"""Characters; gunicorn takes no longer header either."""
LEEWAY_S: Final = 60
"""By so much the issuer's clock may differ from ours."""
REMEMBER_S: Final = 60
"""A key that its issuer takes back verifies for so much longer (OLD_S of issuer_keys.py, and this)."""
MOST: Final = 1024
"""Good tokens that are remembered, by digest."""
_FORM: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")


class Meaning(Protocol):
    """What verified claims say here (shared/core/claims.py)."""

    def caller(self, claims: Claims) -> Caller | None: ...


@dataclass(frozen=True, slots=True)
class _Good:
    """Whom a token lets in, and until when that need not be asked again."""

    caller: Caller
    until: float


class _Registry(JWSRegistry):
    max_header_length = 4096
    """Some issuers put certificates there. MAX_TOKEN bounds the whole."""


class Tokens:
    """Callers by the tokens of one issuer for one audience. Any thread may use it."""

    def __init__(
        self,
        keys: IssuerKeys,
        meaning: Meaning,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._meaning = meaning
        self._issuer = issuer
        self._clock = clock
        self._lock = Lock()
        self._good: dict[bytes, _Good] = {}
        self._registry = JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    def caller(self, token: str) -> Caller | None:
        """Whom the token lets in; None: nobody. Raises: Unavailable: That cannot be told now."""
        if len(token) > MAX_TOKEN:
            return None
        name = hashlib.sha256(token.encode(errors="replace")).digest()
        if (known := self._good.get(name)) is not None and self._clock() < known.until:
            return known.caller
        try:
            claims = self._verified(token)
        except (JoseError, ValueError) as error:
            # The kind only: a message may repeat what was sent.
            log.debug("token refused", extra={"code": type(error).__name__})
            return None
        found = self._meaning.caller(claims)
        if found is not None:
            self._remember(name, found, claims["exp"])
        return found

    def _remember(self, name: bytes, caller: Caller, end: float) -> None:
        """To verify takes half a millisecond, and a token comes again and again."""
        now = self._clock()
        with self._lock:
            if len(self._good) >= MOST:
                self._good.pop(next(iter(self._good)))
            self._good[name] = _Good(caller, min(now + REMEMBER_S, end + LEEWAY_S))

    def _verified(self, token: str) -> dict[str, Any]:
        """Raises: ValueError, JoseError: What is wrong with it."""
        match = _FORM.fullmatch(token)
        if match is None:
            raise ValueError("it is no signed JSON Web Token")
        head, claims = _object(_decoded(match[1])), _object(_decoded(match[2]))
        _decoded(match[3])
        # Before anything costs a question: somebody else's tokens are no business of ours.
        if claims.get("iss") != self._issuer:
            raise ValueError("it is of another issuer")
        algorithm, kid = _head(head)
        found = self._keys.key(kid)
        if found is None or algorithm not in found.algorithms:
            raise ValueError("no key of the issuer verifies it")
        jws.deserialize_compact(token, found.key, registry=_Registry(algorithms=[algorithm], strict_check_header=False))
        self._registry.validate(claims)
        return claims


def _head(head: dict[str, Any]) -> tuple[str, str]:
    """The algorithm and the key that are named."""
    algorithm, kid = head.get("alg"), head.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise ValueError("its head names no algorithm or no key")
    if "crit" in head:
        raise ValueError("its head asks for what is not understood here")
    if str(head.get("typ", "JWT")).lower() not in _TYPES:
        raise ValueError("it is a token for another purpose")
    return algorithm, kid


def _decoded(segment: str) -> bytes:
    """Only one text stands for some bytes: bits behind the last byte are zero, so that no token has a twin."""
    try:
        data = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("a part of it is not base64url") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != segment:
        raise ValueError("a part of it is not base64url as it should be")
    return data


def _object(text: bytes) -> dict[str, Any]:
    found = json_text.read_once(text)
    if not isinstance(found, dict):
        raise ValueError("a part of it is no JSON object")
    return found

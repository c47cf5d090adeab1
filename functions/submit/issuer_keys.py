"""One issuer's public keys, kept for a while. Knows no Flask.

They are asked for again when they are old, or when a token names one that is not there; in any
case not more often than every PAUSE_S. When the issuer is away, what it said last is believed on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import Any, Final

from joserfc import jwk
from joserfc.errors import JoseError

from shared.core import json_text
from shared.core.errors import Unavailable
from shared.ports import KeySetSource

log = logging.getLogger(__name__)

OLD_S: Final = 600.0
PAUSE_S: Final = 10.0
STALE_S: Final = 86400.0
"""For so long an issuer may be away."""
MAX_KEYS: Final = 100
MAX_KID: Final = 255
_RSA_BITS: Final = 2048
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Final = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("Ed25519",),
}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, and the algorithms that it may verify: those of its own kind, never a secret's."""

    key: jwk.Key
    algorithms: tuple[str, ...]


Keys = Mapping[str, VerifyingKey]


class IssuerKeys:
    """Keys by `kid`; any thread may use it."""

    def __init__(self, source: KeySetSource, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic
        self._asking = Lock()
        self._keys: Keys = MappingProxyType({})
        self._read_at: float | None = None
        self._next = 0.0

    def key(self, kid: str) -> VerifyingKey | None:
        """Raises: Unavailable: The issuer's keys are not known, and it does not tell them now."""
        # Who comes while one asks goes on with what is known; if nothing is, he waits for the answer.
        if self._is_needed(kid) and self._asking.acquire(blocking=self._read_at is None):
            try:
                self._ask(kid)
            finally:
                self._asking.release()
        if self._read_at is None or self._monotonic() - self._read_at > STALE_S:
            raise Unavailable("the keys of the tokens' issuer cannot be had")
        return self._keys.get(kid)

    def _is_needed(self, kid: str) -> bool:
        now = self._monotonic()
        if self._read_at is not None and now < self._next:
            return False
        return self._read_at is None or kid not in self._keys or now - self._read_at > OLD_S

    def _ask(self, kid: str) -> None:
        now = self._monotonic()
        if now < self._next or not self._is_needed(kid):
            return
        self._next = now + PAUSE_S
        try:
            self._keys = MappingProxyType(dict(_usable(self._source.fetch())))
        except (Unavailable, ValueError) as error:
            log.warning("the keys of the tokens' issuer cannot be read", extra={"error": error})
            return
        self._read_at = now
        if not self._keys:
            log.warning("the tokens' issuer names no key that can be used: no token opens anything")


def _usable(text: bytes) -> Iterator[tuple[str, VerifyingKey]]:
    """Raises: ValueError: This is no JSON Web Key Set."""
    found = json_text.read(text)
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise ValueError(f"it is no JSON object with a list of at most {MAX_KEYS} keys")
    seen: set[str] = set()
    for entry in entries:
        kid = entry.get("kid") if isinstance(entry, dict) else None
        if isinstance(kid, str) and 0 < len(kid) <= MAX_KID and kid not in seen and (key := _key(entry)):
            seen.add(kid)
            yield kid, key


def _key(entry: Mapping[str, Any]) -> VerifyingKey | None:
    """A key that may verify signatures; None for secrets, private keys and those for other purposes."""
    operations = entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if "d" in entry or "k" in entry:
        return None
    kind = entry.get("kty"), entry.get("crv")
    suited: tuple[str, ...] = _RSA if kind[0] == "RSA" else _CURVES.get((str(kind[0]), str(kind[1])), ())
    algorithms = tuple(name for name in suited if entry.get("alg", name) == name)
    try:
        key = jwk.import_key(dict(entry)) if algorithms else None
    except (JoseError, ValueError, TypeError):
        return None
    if key is None or (isinstance(key, jwk.RSAKey) and key.public_key.key_size < _RSA_BITS):
        return None
    return VerifyingKey(key, algorithms)

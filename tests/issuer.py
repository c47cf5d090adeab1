"""An issuer of tokens for tests: real keys, real signatures, and a way to say anything in them."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from joserfc import jwk, jws

NAME: Final = "https://issuer.example/realms/film"
AUDIENCE: Final = "flipbook"
NOW: Final = 1_800_000_000


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """`keys` are those that its key set tells, by kid."""

    def __init__(self) -> None:
        self.keys: dict[str, jwk.Key] = {"rsa": jwk.RSAKey.generate_key(2048), "ec": jwk.ECKey.generate_key("P-256")}

    def key_set(self, **entry: Any) -> bytes:
        """Its JWKS; `entry` is said of every key."""
        keys = [{**key.as_dict(private=False), "kid": kid, **entry} for kid, key in self.keys.items()]
        return json.dumps({"keys": keys}).encode()

    def claims(self, **changes: Any) -> dict[str, Any]:
        fixed = {"iss": NAME, "aud": AUDIENCE, "sub": "ada@example.com", "exp": NOW + 300, "nbf": NOW, "iat": NOW}
        said = {**fixed, "tenant": "acme", "scope": "openid videos:read", **changes}
        return {name: value for name, value in said.items() if value is not ...}

    def token(self, *, head: dict[str, Any] | None = None, kid: str = "rsa", text: str = "", **changes: Any) -> str:
        """A token of the claims with `changes`, `...`: without that one; `text` says the claims as they are."""
        algorithm = "ES256" if isinstance(self.keys[kid], jwk.ECKey) else "RS256"
        said = {"alg": algorithm, "kid": kid, "typ": "JWT"} | (head or {})
        return signed({n: v for n, v in said.items() if v is not ...}, text or self.claims(**changes), self.keys[kid])


def signed(head: dict[str, Any], claims: dict[str, Any] | str, key: jwk.Key) -> str:
    """As the library signs, whatever the head says beside its algorithm."""
    text = claims if isinstance(claims, str) else json.dumps(claims)
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    registry.max_header_length = 10**6
    return jws.serialize_compact(head, text.encode(), key, registry=registry)


def resigned(segments: tuple[bytes, bytes], key: jwk.Key, algorithm: str = "RS256") -> str:
    """A token of any bytes at all, signed as it should be: for what no library would write."""
    model = jws.JWSRegistry(algorithms=[algorithm]).get_alg(algorithm)
    data = ".".join(map(base64url, segments))
    return f"{data}.{base64url(model.sign(data.encode(), key))}"

"""What a tenant does with webhook endpoints. Knows no Flask."""

from __future__ import annotations

import base64
import hashlib
import logging
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.core import message, web_hook
from shared.core.access import Caller
from shared.core.counted_call import CountedCall
from shared.core.endpoint import (
    OVERLAP,
    Consented,
    Edited,
    Endpoint,
    SealedSecret,
    SecretRotated,
    changed,
    made_for,
    purpose,
)
from shared.core.endpoint_wish import EndpointEdit, EndpointWish
from shared.core.errors import AddressRefused, Conflict, InvalidRequest, Problem, RateLimited
from shared.core.ids import new_endpoint_id, new_event_id
from shared.core.message import Message
from shared.core.occasion import Occasion
from shared.core.rate import SECOND
from shared.core.request_key import RequestKey
from shared.core.sealing import NONCE_BYTES, Sealer
from shared.core.signing import PREFIX, PrivateKey
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)

SECRET_BYTES: Final = 33
"""A multiple of three, as receivers' base64 wants no padding."""
_HINT: Final = 4


KnownBy = RequestKey | CountedCall | None
"""What tells a repeat of a request from a new one."""


@dataclass(frozen=True, slots=True)
class Told:
    """An endpoint and the secret that was made for this request; None: another took its place since."""

    endpoint: Endpoint
    secret: str | None
    replayed: bool = False
    """An earlier request made it."""


class Endpoints:
    """A tenant's endpoints. Another tenant's are not found."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._store = services.endpoints
        self._webhooks = services.webhooks
        self._rates = services.rates
        self._origin = web_hook.origin(settings.public_url)
        self._sealer = Sealer(settings.webhook_keys)
        self._keys = [PrivateKey.of(key) for key in settings.webhook_signing_keys]

    def now(self) -> datetime:
        return self._store.now()

    def register(self, caller: Caller, wish: EndpointWish, known_by: KnownBy = None) -> Told:
        """A new endpoint, or the one that this request made before.

        Raises:
            InvalidRequest: Its URL must not be called.
            Conflict: `endpoints_off`, `too_many_endpoints`; as `Occasion.repeats`.
        """
        at = self._store.now()
        occasion = _occasion(known_by, at)
        if (made := made_for(occasion, self._store.of_tenant(caller.tenant), at)) is not None:
            return self._told_again(made, occasion, caller)
        self._check(wish.url)
        endpoint_id = new_endpoint_id(at)
        secret, sealed = self._new_secret(caller.tenant, endpoint_id, occasion)
        endpoint = Endpoint(
            id=endpoint_id,
            tenant=caller.tenant,
            url=wish.url,
            name=wish.name,
            event_types=tuple(wish.event_types),
            handshake=wish.handshake,
            secrets=(sealed,),
            created_at=at,
            updated_at=at,
            occasion=occasion,
        )
        kept = self._store.add(endpoint)
        if kept.id != endpoint_id:
            return self._told_again(kept, occasion, caller)
        log.info("webhook endpoint made", extra={"endpoint": endpoint_id, "key_id": caller.key_id})
        return Told(endpoint, secret)

    def page(
        self, caller: Caller, *, limit: int, after: str | None, before: str | None, ascending: bool
    ) -> tuple[Sequence[Endpoint], bool]:
        """Some of them, behind `after` or just before `before`, and whether there are more on that side of those."""
        found = sorted(self._store.of_tenant(caller.tenant), key=lambda each: each.id, reverse=not ascending)
        if before is not None:
            found = [each for each in found if (each.id < before if ascending else each.id > before)]
            return found[-limit:], len(found) > limit
        if after is not None:
            found = [each for each in found if (each.id > after if ascending else each.id < after)]
        return found[:limit], len(found) > limit

    def get(self, caller: Caller, endpoint_id: str) -> Endpoint:
        """Raises: NotFound."""
        return self._store.get(caller.tenant, endpoint_id)

    def edit(self, caller: Caller, endpoint_id: str, wish: EndpointEdit) -> Endpoint:
        """Raises: NotFound; InvalidRequest: Its new URL must not be called."""
        self.get(caller, endpoint_id)
        if wish.url is not None:
            self._check(wish.url)
        types = None if wish.event_types is None else tuple(wish.event_types)
        change = Edited(url=wish.url, name=wish.name, event_types=types, handshake=wish.handshake, enabled=wish.enabled)
        endpoint = self._store.apply(caller.tenant, endpoint_id, change)
        log.info("webhook endpoint changed", extra={"endpoint": endpoint_id, "key_id": caller.key_id})
        return endpoint

    def rotate(self, caller: Caller, endpoint_id: str, *, keep_old: bool, known_by: KnownBy = None) -> Told:
        """Give it a new secret, or tell the one that this request gave it before.

        Raises: NotFound; Conflict: `endpoints_off`, `rotation_under_way`; as `Occasion.repeats`.
        """
        before, at = self.get(caller, endpoint_id), self._store.now()
        occasion = _occasion(known_by, at)
        if before.secret_for(occasion, at) is not None:
            return self._told_again(before, occasion, caller)
        secret, sealed = self._new_secret(caller.tenant, endpoint_id, occasion)
        change = SecretRotated(secret=sealed, overlap=OVERLAP if keep_old else timedelta(0))
        endpoint = self._store.apply(caller.tenant, endpoint_id, change)
        log.info("webhook endpoint's secret rotated", extra={"endpoint": endpoint_id, "key_id": caller.key_id})
        kept = endpoint.secret_for(occasion, at)  # of two repeats at once the other may have rotated
        return Told(endpoint, secret if kept is None else self._sealer.open(kept.sealed, purpose=endpoint.purpose))

    def delete(self, caller: Caller, endpoint_id: str) -> None:
        """Raises: NotFound."""
        self._store.delete(caller.tenant, endpoint_id)
        log.info("webhook endpoint deleted", extra={"endpoint": endpoint_id, "key_id": caller.key_id})

    def test(self, caller: Caller, endpoint_id: str, event_type: str) -> int:
        """Tell it, signed and once, of a video that never was; the status that it answered.

        Raises:
            NotFound.
            Conflict: No answer came (`endpoint_unreachable`). Why not is not told: nobody scans ports with this. Or it
                was asked first, and does not want to be called (`handshake_refused`).
            RateLimited: It takes no more callbacks now.
        """
        endpoint, at = self._asked(self.get(caller, endpoint_id)), self._store.now()
        self._spend(endpoint)
        told = _sample(event_type, at)
        secrets = [self._sealer.open(each.sealed, purpose=endpoint.purpose) for each in endpoint.live_secrets(at)]
        signed = message.signatures(told, secrets, self._keys, at)
        origin = self._origin if endpoint.handshake else None
        reply = self._webhooks.post(endpoint.url, message.headers(told, signed, at, origin), told.body)
        if reply.status is None:
            raise Conflict("no answer came from the endpoint", code="endpoint_unreachable")
        return reply.status

    def _asked(self, endpoint: Endpoint) -> Endpoint:
        if not endpoint.must_be_asked:
            return endpoint
        answer = self._webhooks.ask(endpoint.url, web_hook.request(self._origin))
        if not answer.consents(self._origin):
            raise Conflict("the endpoint did not say that it wants to be called", code=web_hook.REFUSED)
        consent = Consented(endpoint.url, answer.allowed_rate)
        self._store.apply(endpoint.tenant, endpoint.id, consent)
        return changed(endpoint, consent, self._store.now())  # its owner may have set another URL meanwhile

    def _spend(self, endpoint: Endpoint) -> None:
        """Of the rate that it allows: a test is a callback to it."""
        if endpoint.allowed_rate is None:
            return
        rate = web_hook.evenly(endpoint.allowed_rate)
        wait = self._rates.spend(web_hook.account(endpoint.id), rate, need=1, want=1).retry_after
        if wait:
            raise RateLimited(
                f"the endpoint takes {endpoint.allowed_rate} callbacks a minute, and no more at this moment",
                retry_after=math.ceil(wait / SECOND),
            )

    def _told_again(self, endpoint: Endpoint, occasion: Occasion | None, caller: Caller) -> Told:
        """Raises: Unavailable: The secret cannot be opened."""
        kept = endpoint.secret_for(occasion, self._store.now())
        log.info("webhook endpoint told again", extra={"endpoint": endpoint.id, "key_id": caller.key_id})
        secret = None if kept is None else self._sealer.open(kept.sealed, purpose=endpoint.purpose)
        return Told(endpoint, secret, replayed=True)

    def _check(self, url: str) -> None:
        try:
            self._webhooks.check(url)
        except AddressRefused as error:
            raise InvalidRequest(Problem("/url", str(error)), code="ssrf_blocked") from None

    def _new_secret(self, tenant: str, endpoint_id: str, occasion: Occasion | None) -> tuple[str, SealedSecret]:
        if not self._sealer.can_seal:
            raise Conflict(
                "webhook endpoints are off: set WEBHOOK_KEY on submit and notify first", code="endpoints_off"
            )
        secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._sealer.seal(secret, nonce=nonce, purpose=purpose(tenant, endpoint_id))
        return secret, SealedSecret(sealed, hint=secret[-_HINT:], occasion=occasion)


def _occasion(known_by: KnownBy, at: datetime) -> Occasion | None:
    if known_by is None:
        return None
    name = hashlib.sha256(known_by.name.encode()).hexdigest()
    if isinstance(known_by, RequestKey):
        return Occasion(name=name, fingerprint=known_by.fingerprint, until=at + known_by.life)
    return Occasion(name=name, tries=known_by.tries, until=at + known_by.window)


def _sample(event_type: str, at: datetime) -> Message:
    event_id = new_event_id(at)
    data = {"id": "video_test", "object": "video"}
    body = message.text(event_id=event_id, event_type=event_type, at=at, data=data)
    return Message(id=event_id, type=event_type, subject="video_test", created_at=at, body=body.encode())

"""A registered webhook endpoint: a URL of a tenant's that hears of their videos until they take it away.

What changes one is a fact in the past tense, as with jobs; `changed` knows what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.core.errors import Conflict
from shared.core.occasion import Occasion

FINAL_EVENTS: Final = ("video.completed", "video.failed", "video.cancelled", "video.expired")
PASSING_EVENTS: Final = ("video.started", "video.progress")
"""Told once and not again, to who names them."""
EVENT_TYPES: Final = (*FINAL_EVENTS, *PASSING_EVENTS)
"""What an endpoint can hear of."""
OVERLAP: Final = timedelta(hours=24)
"""For so long callbacks carry the signature of the secret before a rotation too."""
MAX_LIVE: Final = 3
"""Secrets that sign at a time: the newest, and those that the receiver may still know."""
PATIENCE: Final = timedelta(days=5)
"""An endpoint that has failed for so long, and never succeeded meanwhile, is disabled."""


class EndpointState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A signing secret as it is stored (sealing.py); `ends_at`: it signs until then, None: for good."""

    sealed: str
    hint: str
    ends_at: datetime | None = None
    occasion: Occasion | None = None
    """The request that it was made for, if that may come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One URL of one tenant's. `secrets` has the newest first."""

    id: str
    tenant: str
    url: str
    name: str = ""
    event_types: tuple[str, ...] = ()
    """Of every video of the tenant. Empty: only of videos that name it."""
    secrets: tuple[SealedSecret, ...]
    created_at: datetime
    updated_at: datetime
    """When its owner last changed it."""
    handshake: bool = False
    """It is asked first whether it wants to be called (web_hook.py)."""
    consented_at: datetime | None = None
    allowed_rate: int | None = None
    """Callbacks a minute, as it said; None: as many as there are."""
    state: EndpointState = EndpointState.ENABLED
    disabled_reason: str | None = None
    """`gone`: it answered 410; `failing`: for PATIENCE; `owner`: its owner wanted it."""
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    last_error: str | None = None
    """The class of its last fault, since it last succeeded."""
    occasion: Occasion | None = None
    """The request that registered it, if that may come again."""

    @property
    def purpose(self) -> str:
        """What its secrets are sealed for (sealing.py)."""
        return purpose(self.tenant, self.id)

    @property
    def must_be_asked(self) -> bool:
        """Before anything is sent to it."""
        return self.handshake and self.consented_at is None

    def live_secrets(self, at: datetime) -> tuple[SealedSecret, ...]:
        """Those that sign at this time, the newest first."""
        return tuple(secret for secret in self.secrets if secret.ends_at is None or at < secret.ends_at)

    def secret_for(self, occasion: Occasion | None, at: datetime) -> SealedSecret | None:
        """The live one that was made for this request. Raises: Conflict: As `Occasion.repeats`."""
        live = self.live_secrets(at)
        return next((each for each in live if occasion is not None and occasion.repeats(each.occasion, at)), None)


def made_for(occasion: Occasion | None, endpoints: Iterable[Endpoint], at: datetime) -> Endpoint | None:
    """The one that this request registered before, the newest first. Raises: Conflict: As `Occasion.repeats`."""
    newest = sorted(endpoints, key=lambda each: each.id, reverse=True)
    return next((each for each in newest if occasion is not None and occasion.repeats(each.occasion, at)), None)


def purpose(tenant: str, endpoint_id: str) -> str:
    """What the secrets of an endpoint are sealed for, before there is one."""
    return f"webhook endpoint {tenant}/{endpoint_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Its owner wants it otherwise; None: as it is."""

    url: str | None = None
    name: str | None = None
    event_types: tuple[str, ...] | None = None
    handshake: bool | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRotated:
    """It has a new secret, if this request has not given it one before.

    The one before signs for `overlap` more, older ones until their ends. 0: none does.
    """

    secret: SealedSecret
    overlap: timedelta


@dataclass(frozen=True, slots=True)
class Consented:
    """Asked at `url`, it wants to be called: so often a minute, or None."""

    url: str
    allowed_rate: int | None


@dataclass(frozen=True, slots=True)
class Heard:
    """It took a callback at `url`."""

    url: str


@dataclass(frozen=True, slots=True)
class Missed:
    """It did not take a callback at `url`; `error` is the class of the fault."""

    url: str
    error: str


@dataclass(frozen=True, slots=True)
class Left:
    """It answered 410: nobody will ever listen at `url`."""

    url: str


Seen = Consented | Heard | Missed | Left
Change = Edited | SecretRotated | Seen


def changed(endpoint: Endpoint, change: Change, at: datetime) -> Endpoint:
    """`endpoint` after `change`, which happened `at`; itself if nothing follows from it.

    What was seen at a URL says nothing of the one that its owner has set meanwhile.

    Raises: Conflict: MAX_LIVE secrets sign (`rotation_under_way`); as `Occasion.repeats`.
    """
    match change:
        case Edited():
            return _edited(endpoint, change, at)
        case SecretRotated(secret=secret) if endpoint.secret_for(secret.occasion, at) is not None:
            return endpoint
        case SecretRotated(secret=secret, overlap=overlap):
            return replace(endpoint, secrets=(secret, *_old(endpoint, at, overlap)), updated_at=at)
        case _:
            return _noted(endpoint, change, at) if change.url == endpoint.url else endpoint


def wants(endpoint: Endpoint, event_type: str, *, named: str | None = None) -> bool:
    """Whether it is told of an event of a video that names the endpoint `named`."""
    if endpoint.state is not EndpointState.ENABLED:
        return False
    return event_type in endpoint.event_types or (endpoint.id == named and event_type in FINAL_EVENTS)


def _old(endpoint: Endpoint, at: datetime, overlap: timedelta) -> Sequence[SealedSecret]:
    """The secrets that go on beside a new one.

    Whoever lost the answer to a rotation rotates again: the receiver still has the secret before both.
    """
    if not overlap:
        return ()
    live = endpoint.live_secrets(at)
    if len(live) >= MAX_LIVE:
        raise Conflict(
            f"{MAX_LIVE} secrets sign for this endpoint, the oldest until {live[-1].ends_at:%Y-%m-%dT%H:%M:%SZ}; wait"
            " for its end, or rotate without keeping the old ones, which ends them all now",
            code="rotation_under_way",
        )
    newest, *older = live
    return (replace(newest, ends_at=at + overlap), *older)


def _edited(endpoint: Endpoint, wish: Edited, at: datetime) -> Endpoint:
    after = replace(
        endpoint,
        url=endpoint.url if wish.url is None else wish.url,
        name=endpoint.name if wish.name is None else wish.name,
        event_types=endpoint.event_types if wish.event_types is None else wish.event_types,
        handshake=endpoint.handshake if wish.handshake is None else wish.handshake,
    )
    if (after.url, after.handshake) != (endpoint.url, endpoint.handshake):
        after = replace(after, consented_at=None, allowed_rate=None)
    if after.url != endpoint.url:
        after = replace(after, failing_since=None, last_error=None)
    if wish.enabled is False:
        after = _disabled(after, "owner", at)
    elif wish.enabled and after.state is EndpointState.DISABLED:
        after = replace(
            after,
            state=EndpointState.ENABLED,
            disabled_reason=None,
            disabled_at=None,
            failing_since=None,
            last_error=None,
        )
    return after if after == endpoint else replace(after, updated_at=at)


def _noted(endpoint: Endpoint, seen: Seen, at: datetime) -> Endpoint:
    match seen:
        case Consented(allowed_rate=rate):
            return replace(endpoint, consented_at=at, allowed_rate=rate)
        case Heard():
            return replace(endpoint, failing_since=None, last_error=None)
        case Left():
            return _disabled(replace(endpoint, last_error="http_410"), "gone", at)
        case Missed(error=error):
            since = endpoint.failing_since or at
            failing = replace(endpoint, failing_since=since, last_error=error)
            return _disabled(failing, "failing", at) if at - since >= PATIENCE else failing


def _disabled(endpoint: Endpoint, reason: str, at: datetime) -> Endpoint:
    if endpoint.state is EndpointState.DISABLED:
        return endpoint
    return replace(endpoint, state=EndpointState.DISABLED, disabled_reason=reason, disabled_at=at)

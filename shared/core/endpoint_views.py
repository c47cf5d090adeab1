"""Webhook endpoints as their owners see them, in OpenAI's shapes with our own fields beside theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.core.endpoint import EVENT_TYPES, Endpoint


@with_config(ConfigDict(use_attribute_docstrings=True))
class WebhookEndpoint(TypedDict):
    """A URL that hears of your videos. Times are Unix seconds."""

    id: str
    object: Literal["webhook_endpoint"]
    created_at: int
    updated_at: int
    """When you last changed it."""
    event_types: list[str]
    name: str
    url: str
    signing_secret_hint: str
    """The last letters of the secret."""
    old_secret_ends_at: int | None
    """Until when callbacks carry the signatures of all secrets before it that still sign; null: none does."""
    handshake: Literal["none", "due", "done"]
    """Whether it is asked first if it wants to be called, and whether it said yes."""
    allowed_rate: int | None
    """Callbacks a minute that it then said it takes."""
    status: Literal["enabled", "disabled"]
    disabled_reason: Literal["gone", "failing", "owner"] | None
    """`gone`: it answered 410; `failing`: for five days; `owner`: you wanted it."""
    disabled_at: int | None
    failing_since: int | None
    """No callback was taken since then."""
    last_error: str | None
    """The class of its last fault since it last succeeded: `http_410`, `http_3xx`, `http_4xx`, `http_5xx`, `timeout`,
    `tls`, `unreachable`, `secret_unreadable`, `handshake_refused`."""
    signing_secret: NotRequired[str]
    """Told once, when it is made or rotated; a repeat of that request is told it again, while it signs."""


class WebhookEndpointList(TypedDict):
    """A page; the next one is asked for with `after=<last_id>`, the one before it with `before=<first_id>`."""

    object: Literal["list"]
    data: list[WebhookEndpoint]
    first_id: str | None
    last_id: str | None
    has_more: bool


class WebhookEndpointDeleted(TypedDict):
    id: str
    object: Literal["webhook_endpoint.deleted"]
    deleted: Literal[True]


@with_config(ConfigDict(use_attribute_docstrings=True))
class WebhookEndpointTest(TypedDict):
    """What a test came to."""

    event_type: str
    object: Literal["webhook_endpoint.test"]
    status_code: int
    """What the endpoint answered."""
    success: Literal[True]
    """The test was made, as OpenAI has it; whether it was liked says the status."""
    webhook_endpoint_id: str


class WebhookEventTypes(TypedDict):
    object: Literal["list"]
    data: list[str]


class PublicKey(TypedDict):
    """An Ed25519 key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class KeySet(TypedDict):
    keys: list[PublicKey]


def endpoint(entry: Endpoint, at: datetime, *, secret: str | None = None) -> dict[str, Any]:
    """An endpoint as it stands at the time `at`; `secret` if this is the one time to tell it."""
    newest, *older = entry.live_secrets(at)
    shown = {
        "id": entry.id,
        "object": "webhook_endpoint",
        "created_at": _seconds(entry.created_at),
        "updated_at": _seconds(entry.updated_at),
        "event_types": list(entry.event_types),
        "name": entry.name,
        "url": entry.url,
        "signing_secret_hint": newest.hint,
        "old_secret_ends_at": _seconds(older[-1].ends_at) if older else None,
        "handshake": "none" if not entry.handshake else "due" if entry.must_be_asked else "done",
        "allowed_rate": entry.allowed_rate,
        "status": entry.state.value,
        "disabled_reason": entry.disabled_reason,
        "disabled_at": _seconds(entry.disabled_at),
        "failing_since": _seconds(entry.failing_since),
        "last_error": entry.last_error,
    }
    return shown if secret is None else shown | {"signing_secret": secret}


def endpoint_deleted(endpoint_id: str) -> dict[str, Any]:
    return {"id": endpoint_id, "object": "webhook_endpoint.deleted", "deleted": True}


def endpoint_test(endpoint_id: str, event_type: str, status: int) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "object": "webhook_endpoint.test",
        "status_code": status,
        "success": True,
        "webhook_endpoint_id": endpoint_id,
    }


def event_types() -> dict[str, Any]:
    return {"object": "list", "data": list(EVENT_TYPES)}


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())

"""API keys as the platform's owner sees them. No secret stands in them, but for the one time that it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.core.api_key import ApiKey


@with_config(ConfigDict(use_attribute_docstrings=True))
class ApiKeyObject(TypedDict):
    """A stored API key. Times are Unix seconds."""

    id: str
    """The middle part of the key."""
    object: Literal["api_key"]
    tenant: str
    scopes: list[str]
    label: str
    status: Literal["active", "expired", "revoked"]
    created_at: int
    expires_at: int | None
    """Null: never."""
    revoked_at: int | None
    rotated_at: int | None
    old_secret_ends_at: int | None
    """Until when the secret before the last rotation opens too; null: it does not."""
    key: NotRequired[str]
    """The key itself: told once, when it is made, and kept nowhere."""


class ApiKeyList(TypedDict):
    """A page, by id; the next one is asked for with `after=<last_id>`."""

    object: Literal["list"]
    data: list[ApiKeyObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class ApiKeyDeleted(TypedDict):
    id: str
    object: Literal["api_key.deleted"]
    deleted: Literal[True]


def api_key(entry: ApiKey, at: datetime, *, key: str | None = None) -> dict[str, Any]:
    """An entry as it stands at the time `at`; `key` if this is the one time to tell it."""
    old = [s.ends_at for s in entry.secrets if s.ends_at is not None and s.ends_at > at and entry.is_live(at)]
    shown = {
        "id": entry.id,
        "object": "api_key",
        "tenant": entry.tenant,
        "scopes": list(entry.scopes),
        "label": entry.label,
        "status": "revoked" if entry.revoked_at else "active" if entry.is_live(at) else "expired",
        "created_at": _seconds(entry.created_at),
        "expires_at": _seconds(entry.expires_at),
        "revoked_at": _seconds(entry.revoked_at),
        "rotated_at": _seconds(entry.rotated_at),
        "old_secret_ends_at": _seconds(max(old, default=None)),
    }
    return shown if key is None else shown | {"key": key}


def api_key_deleted(key_id: str) -> dict[str, Any]:
    return {"id": key_id, "object": "api_key.deleted", "deleted": True}


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())

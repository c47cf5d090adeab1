"""Callbacks and uploads as the tenants see them who are owed them."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.core import upload
from shared.core.delivery import Delivery, DeliveryState, Kind, Post, fault

_OURS: Final = ("endpoint_deleted", "endpoint_disabled", "video_deleted", "video_missing")


@with_config(ConfigDict(use_attribute_docstrings=True))
class WebhookPost(TypedDict):
    """One try. What stood in the answer is not kept."""

    at: int
    outcome: str
    """`http_2xx`: received; else `http_3xx`, `http_4xx`, `http_5xx`, `timeout`, `tls`, `unreachable`,
    `secret_unreadable`, `handshake_refused`, `host_not_allowed`."""
    status_code: int | None
    """What was answered; null where no answer came."""
    duration_ms: int | None
    """Until the answer; null where none came."""


@with_config(ConfigDict(use_attribute_docstrings=True))
class WebhookDelivery(TypedDict):
    """One callback or upload, with all its tries. Times are Unix seconds."""

    id: str
    object: Literal["webhook_delivery"]
    kind: Literal["callback", "upload"]
    """`upload`: the video itself, PUT to its `output.upload_url`."""
    video_id: str
    webhook_endpoint_id: str | None
    """Null: the video's own webhook."""
    event_id: str
    """`webhook-id` and `ce-id` of every try."""
    event_type: str
    url: str
    """Of an upload: without its query."""
    status: Literal["pending", "delivered", "abandoned"]
    error: str | None
    """The last try's outcome if it failed; `endpoint_deleted`, `endpoint_disabled`, `video_deleted` or `video_missing`
    if there was none for that."""
    created_at: int
    next_attempt_at: int | None
    attempts: list[WebhookPost]


class WebhookDeliveryList(TypedDict):
    """A page; the next one is asked for with `after=<last_id>`."""

    object: Literal["list"]
    data: list[WebhookDelivery]
    first_id: str | None
    last_id: str | None
    has_more: bool


@with_config(ConfigDict(use_attribute_docstrings=True))
class WebhookReplay(TypedDict):
    """What is sent again."""

    object: Literal["webhook_replay"]
    replayed: int
    """Callbacks that are due now."""
    last_id: str | None
    """The last callback that was looked at, sent again or not."""
    has_more: bool
    """There are more than were looked at: ask again, with `after=<last_id>`."""


def delivery(entry: Delivery) -> dict[str, Any]:
    pending = entry.state is DeliveryState.PENDING
    return {
        "id": entry.id,
        "object": "webhook_delivery",
        "kind": entry.kind.value,
        "video_id": entry.job_id,
        "webhook_endpoint_id": entry.endpoint_id,
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "url": upload.told(entry.url) if entry.kind is Kind.UPLOAD else entry.url,
        "status": entry.state.value,
        "error": _error(entry),
        "created_at": int(entry.created_at.timestamp()),
        "next_attempt_at": int(entry.due_at.timestamp()) if pending else None,
        "attempts": [_post(post) for post in entry.posts],
    }


def replay(count: int, *, last_id: str | None, has_more: bool) -> dict[str, Any]:
    return {"object": "webhook_replay", "replayed": count, "last_id": last_id, "has_more": has_more}


def _error(entry: Delivery) -> str | None:
    if entry.last_error in _OURS:
        return entry.last_error
    if entry.state is DeliveryState.DELIVERED or not entry.posts:
        return None
    return fault(entry.posts[-1])


def _post(post: Post) -> dict[str, Any]:
    answered = post.status is not None
    return {
        "at": int(post.at.timestamp()),
        "outcome": fault(post),
        "status_code": post.status,
        "duration_ms": round(post.seconds * 1000) if answered else None,
    }

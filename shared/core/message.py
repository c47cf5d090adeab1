"""One callback as it is sent: Standard Webhooks 1.0.0, CloudEvents 1.0 in binary mode and OpenAI's event at once.

All three count the same id. Only binary mode unites them: a structured event has no room for `created_at`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from shared.core import events, wire
from shared.core.events import Event
from shared.core.signing import PrivateKey, sign
from shared.core.web_hook import REQUEST_ORIGIN

USER_AGENT: Final = "Flipbook/1"
CLOUD_EVENT_TYPES: Final[Mapping[str, str]] = {
    "video.completed": events.COMPLETED,
    "video.failed": events.FAILED,
    "video.cancelled": events.CANCELLED,
    "video.expired": events.EXPIRED,
    "video.started": events.STARTED,
    "video.progress": events.PROGRESS,
}
"""OpenAI's names for our events."""
MAX_BODY: Final = 20_000
"""Bytes. Standard Webhooks asks for less than 20 KB."""
_LONG: Final = ("metadata", "negative_prompt", "prompt")
"""What a caller may fill with more than that, in the order in which it is left out of a body that is too long."""
_PRIVATE: Final = "webhook"
"""Left out always: whose URL it is, that one knows it, and others who hear of the video could call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told, to however many; `created_at` is when it happened."""

    id: str
    type: str
    subject: str
    created_at: datetime
    extensions: Mapping[str, str] = field(default_factory=dict)
    """CloudEvents' extension attributes (events.CONTEXT)."""
    body: bytes


def text(*, event_id: str, event_type: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The body: OpenAI's event, with Standard Webhooks' ISO `timestamp` beside it."""
    for count in range(len(_LONG) + 1):
        left_out = (_PRIVATE, *_LONG[:count])
        body = {
            "id": event_id,
            "object": "event",
            "type": event_type,
            "created_at": int(at.timestamp()),
            "timestamp": _iso(at),
            "data": {name: value for name, value in data.items() if name not in left_out},
        }
        written = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
        if len(written.encode()) <= MAX_BODY:
            break
    return written


def signatures(message: Message, secrets: Sequence[str], keys: Sequence[PrivateKey], at: datetime) -> str:
    """The header of one try: by each secret of the receiver's, then by the platform's own key."""
    ours = [key.sign(message.id, at, message.body) for key in keys[:1]]
    return " ".join([*(sign(secret, message.id, at, message.body) for secret in secrets), *ours])


def headers(message: Message, signed: str, at: datetime, origin: str | None = None) -> tuple[tuple[str, str], ...]:
    """Those of one try, made `at`: `signed` is of that time; `origin` is who asked whether it may call."""
    asked = ((REQUEST_ORIGIN, origin),) if origin else ()
    event = Event(
        id=message.id,
        type=CLOUD_EVENT_TYPES[message.type],
        subject=message.subject,
        time=message.created_at,
        data={},
        extensions=message.extensions,
    )
    return (
        *asked,
        ("User-Agent", USER_AGENT),
        ("webhook-id", message.id),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", signed),
        *wire.to_headers(event).items(),
    )


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")

"""One callback as it is sent: Standard Webhooks 1.0.0, CloudEvents 1.0 in binary mode and OpenAI's event at once.

All three count the same id. Only binary mode unites them: a structured event has no room for `created_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.core import events

USER_AGENT: Final = "Flipbook/1"
CLOUD_EVENT_TYPES: Final[Mapping[str, str]] = {
    "video.completed": events.COMPLETED,
    "video.failed": events.FAILED,
    "video.cancelled": events.CANCELLED,
    "video.expired": events.EXPIRED,
}
"""OpenAI's names for our events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told, to however many; `created_at` is when it happened."""

    id: str
    type: str
    subject: str
    created_at: datetime
    body: bytes


def headers(message: Message, signatures: Sequence[str], at: datetime) -> tuple[tuple[str, str], ...]:
    """Those of one try, made `at`: `signatures` are of that time."""
    return (
        ("Content-Type", "application/json"),
        ("User-Agent", USER_AGENT),
        ("webhook-id", message.id),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
        ("ce-specversion", "1.0"),
        ("ce-id", message.id),
        ("ce-source", events.SOURCE),
        ("ce-type", CLOUD_EVENT_TYPES[message.type]),
        ("ce-subject", message.subject),
        ("ce-time", message.created_at.isoformat().replace("+00:00", "Z")),
    )

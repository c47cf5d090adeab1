"""What is told of the queue, field by field; queue.py and the functions make it, the OpenAPI document shows it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class QueuePriorities(TypedDict):
    low: int
    normal: int
    high: int


@with_config(_DESCRIBED)
class QueueWorkers(TypedDict):
    drawing: int
    """Workers that hold a video and were heard of in time."""
    limit: int
    """How many there can be."""


@with_config(_DESCRIBED)
class QueueWaits(TypedDict):
    """How long videos waited for their first worker; of the last hour, the newest 1,000."""

    window_seconds: int
    count: int
    p50_seconds: float | None
    """Null where there were none."""
    p95_seconds: float | None


@with_config(_DESCRIBED)
class Queue(TypedDict):
    """How much work there is, of all tenants together."""

    object: Literal["queue"]
    paused: bool
    """Whether the owner holds it: videos are taken and wait."""
    paused_at: int | None
    waiting: int
    waiting_by_priority: QueuePriorities
    running: int
    oldest_wait_seconds: int
    workers: QueueWorkers
    waits: QueueWaits


@with_config(_DESCRIBED)
class OwnersQueue(Queue):
    """The queue as its owner sees it."""

    reason: str | None
    """What was said when it was paused."""


@with_config(_DESCRIBED)
class QueuePurge(TypedDict):
    """What a purge came to."""

    object: Literal["queue.purge"]
    dry_run: bool
    matched: int
    """Queued videos that it meant."""
    cancelled: int
    has_more: bool
    """Its time was over before the queue was."""
    next: str | None
    """Send it as `after`, to go on from here."""

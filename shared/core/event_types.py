"""What each event says, and to whom: the contract with everybody who sends or hears one.

EventTypes, JSON Schemas and docs/events.md are written from here (tests/architecture/event_pages.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,  # pydantic asks for this one before Python 3.12
)

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from shared.core import events
from shared.core.ids import VIDEO_ID
from shared.core.wish import CreateVideo

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class EventError(TypedDict):
    """Why there is no video."""

    code: str
    """For programs: `job_cancelled`, `job_expired`, `worker_lost` and others."""
    message: str
    """For people."""


@with_config(_DESCRIBED)
class JobFacts(TypedDict):
    """A job as it stood at that moment. Never its prompt, for events pass through logs."""

    id: str
    object: Literal["video"]
    model: str
    state: str
    content: str | None
    """Where the video is, below PUBLIC_URL; null before there is one."""
    error: EventError | None
    created_at: int
    """In Unix seconds, as is `finished_at`."""
    finished_at: int | None


@with_config(_DESCRIBED)
class QueuedFacts(TypedDict):
    """A queued job. A wake-up that is rung again names it only."""

    id: str
    object: Literal["video"]
    state: Literal["queued"]
    model: NotRequired[str]
    content: NotRequired[None]
    error: NotRequired[None]
    created_at: NotRequired[int]
    finished_at: NotRequired[None]


@with_config(_DESCRIBED)
class ProgressFacts(TypedDict):
    """How far a video is, and what of it is to be told."""

    id: str
    object: Literal["video"]
    tell: Literal["video.started", "video.progress"]
    phase: str | None
    step: int | None
    total_steps: int


@with_config(_DESCRIBED)
class AcceptedFacts(TypedDict):
    """The video that an event asked for. The same however often it is said."""

    id: str
    object: Literal["video"]
    model: str
    created_at: int


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class CancelWish(TypedDict):
    """The video that is no longer wanted."""

    id: Annotated[str, Field(pattern=f"^{VIDEO_ID.pattern}$")]


@with_config(ConfigDict(extra="forbid"))
class Nothing(TypedDict):
    """No data: the event itself says all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One kind of event; `data` is its shape (TypedDict or pydantic model)."""

    type: str
    summary: str
    sender: str
    hearer: str
    data: Any

    @property
    def comes_from_outside(self) -> bool:
        """Whether its `source` is the sender's own."""
        return self.type in (events.REQUESTED, events.CANCEL)


_ENDS: Final[Mapping[str, str]] = {
    events.COMPLETED: "The video is there.",
    events.FAILED: "There will be no video: it could not be drawn.",
    events.CANCELLED: "There will be no video: its caller, or the platform's owner, wanted it no more.",
    events.EXPIRED: "There will be no video: nobody took the job in time.",
}
CATALOG: Final = (
    EventType(
        type=events.REQUESTED,
        summary="A video is asked for.",
        sender="anybody with a key",
        hearer="submit, at / and /v1/events",
        data=CreateVideo,
    ),
    EventType(
        type=events.CANCEL,
        summary="A video is no longer wanted.",
        sender="anybody with a key",
        hearer="submit, at / and /v1/events",
        data=CancelWish,
    ),
    EventType(
        type=events.ACCEPTED,
        summary="The answer to a request that prefers a reply: which video it became.",
        sender="submit",
        hearer="who asked",
        data=AcceptedFacts,
    ),
    EventType(
        type=events.QUEUED,
        summary="A job is queued. With bell: ring it wakes a GPU, and decides nothing.",
        sender="submit; generate when it yields; recover for a job nobody works on",
        hearer="generate",
        data=QueuedFacts,
    ),
    EventType(
        type=events.STARTED,
        summary="A job is drawn for the first time.",
        sender="generate",
        hearer="subscribers",
        data=JobFacts,
    ),
    EventType(
        type=events.PROGRESS,
        summary="A job gets on, and somebody asked to hear of it. At most one in 10 s; it may be lost.",
        sender="generate",
        hearer="notify",
        data=ProgressFacts,
    ),
    *(
        EventType(
            type=type_,
            summary=summary,
            sender="who ended it: submit, generate or recover",
            hearer="notify",
            data=JobFacts,
        )
        for type_, summary in _ENDS.items()
    ),
    EventType(
        type=events.DELIVERIES_DUE,
        summary="Callbacks are due.",
        sender="recover",
        hearer="notify",
        data=Nothing,
    ),
)
"""Every event of ours, in the order of a job's life."""

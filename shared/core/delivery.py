"""A callback or a finished video on its way: when it is tried, what counts as received, when it is given up.

Callbacks to one receiver share a lane: a few of them are on their way at a time, and what one receiver costs is
taken from no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit

from shared.core import events
from shared.core.endpoint import PASSING_EVENTS, Endpoint, wants
from shared.core.events import Event
from shared.core.ids import delivery_id
from shared.core.job import Job, JobState, Webhook

_OPENAI_TYPES: Final = {
    JobState.COMPLETED: "video.completed",
    JobState.FAILED: "video.failed",
    JobState.CANCELLED: "video.cancelled",
    JobState.EXPIRED: "video.expired",
}

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The waits after the first, immediate try (Standard Webhooks 1.0.0, "Retries")."""
JITTER: Final = 0.2
"""A wait is stretched by up to this share, so that a receiver's return is not a stampede."""
MAX_RETRY_AFTER: Final = timedelta(hours=1)
PLACES: Final = 4
"""Callbacks of one lane that are on their way at a time."""
TOLD: Final = ("timeout", "tls", "secret_unreadable", "handshake_refused", "host_not_allowed")
"""Faults that are told as what they are."""
MOST_POSTS: Final = 32
"""Of one callback that are remembered, the newest: replays add to those of the schedule."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    ABANDONED = "abandoned"


class Kind(StrEnum):
    """What is brought. Rows of versions that knew no uploads are callbacks."""

    CALLBACK = "callback"
    UPLOAD = "upload"
    """The video itself, PUT where its caller wanted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One try, as it went."""

    at: datetime
    seconds: float
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One callback for one event, or the video that it tells of.

    A callback's `body` is set before the first POST and never changes after; an upload has none.
    """

    id: str
    job_id: str
    tenant: str
    kind: Kind = Kind.CALLBACK
    event_id: str
    event_type: str
    extensions: Mapping[str, str] = field(default_factory=dict)
    """The event's (events.CONTEXT); none in what older versions wrote."""
    url: str
    endpoint_id: str | None = None
    """The registered endpoint that it goes to; None: the job's own webhook."""
    sealed: str | None = None
    """The own webhook's secret and headers (confidence.py)."""
    created_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    """Tries of the present schedule; a replay begins a new one."""
    body: str | None = None
    last_status: int | None = None
    last_error: str | None = None
    posts: tuple[Post, ...] = ()

    @property
    def lane(self) -> str:
        """Whose time it costs: the endpoint's, or the receiver's as one tenant sees it.

        Uploads take long: callbacks to the same host do not wait for them.
        """
        joint = ">" if self.kind is Kind.UPLOAD else "@"
        return self.endpoint_id or f"{self.tenant}{joint}{urlsplit(self.url).netloc}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one POST came to: the receiver's status, or the class of the fault without one."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        """Only 2xx: a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300


def owed(job: Job, endpoints: Sequence[Endpoint]) -> Iterator[Delivery]:
    """What `job`'s present, final state asks for: its own callback, one for each endpoint of its tenant, its upload."""
    event_type, event = _OPENAI_TYPES.get(job.state), events.of(job)
    if event_type is None or event is None:
        return
    own = job.webhook
    if own is not None and (not own.events or event_type in own.events):
        yield replace(_new(job, event, event_type, own.url), sealed=own.sealed)
    for endpoint in endpoints:
        if wants(endpoint, event_type, named=job.webhook_endpoint):
            yield _new(job, event, event_type, endpoint.url, endpoint.id)
    if job.upload_url is not None and job.state is JobState.COMPLETED:
        upload = _new(job, event, event_type, job.upload_url)
        yield replace(upload, id=delivery_id(job.id, job.version, Kind.UPLOAD), kind=Kind.UPLOAD)


def hearers(job: Job, endpoints: Sequence[Endpoint], event_type: str) -> Iterator[tuple[Webhook, Endpoint | None]]:
    """Who wants to hear of something on the way of `job`: where, and the endpoints whose they are."""
    if job.webhook is not None and event_type in job.webhook.events:
        yield job.webhook, None
    for endpoint in endpoints:
        if wants(endpoint, event_type):
            yield Webhook(endpoint.url), endpoint


def heard_meanwhile(job: Job, endpoints: Sequence[Endpoint]) -> frozenset[str]:
    """What anybody wants to hear of on the way of `job`."""
    return frozenset(each for each in PASSING_EVENTS if any(hearers(job, endpoints, each)))


def _new(job: Job, event: Event, event_type: str, url: str, endpoint_id: str | None = None) -> Delivery:
    return Delivery(
        id=delivery_id(job.id, job.version, endpoint_id),
        job_id=job.id,
        tenant=job.tenant,
        event_id=event.id,
        event_type=event_type,
        extensions=event.extensions,
        url=url,
        endpoint_id=endpoint_id,
        created_at=event.time,
        due_at=event.time,
    )


def after(
    delivery: Delivery, reply: Reply, at: datetime, *, chance: float, seconds: float = 0.0, moved: bool = False
) -> Delivery:
    """The delivery after one more POST, which took `seconds` and was answered by `reply`.

    `chance` in [0, 1) spreads the next try. `moved`: its receiver has another URL by now, and whatever the old one
    answers does not speak for that.
    """
    post = Post(at=at - timedelta(seconds=seconds), seconds=seconds, status=reply.status, error=reply.error)
    tried = replace(
        delivery,
        attempts=delivery.attempts + 1,
        last_status=reply.status,
        last_error=reply.error,
        posts=(*delivery.posts, post)[-MOST_POSTS:],
    )
    if reply.is_success:
        return replace(tried, state=DeliveryState.DELIVERED)
    if (_is_last(delivery.kind, reply.status) and not moved) or delivery.attempts >= len(SCHEDULE):
        return replace(tried, state=DeliveryState.ABANDONED)
    wait = SCHEDULE[delivery.attempts] * (1 + JITTER * chance)
    return replace(tried, due_at=at + max(wait, _asked(reply)))


def _is_last(kind: Kind, status: int | None) -> bool:
    """Whether no other try would be answered otherwise.

    410: nobody will ever listen there. An upload is refused for good by any 4xx but those that speak of time: a
    presigned URL that is wrong or has expired stays so.
    """
    if kind is Kind.CALLBACK or status is None:
        return status == 410
    return 400 <= status < 500 and status not in (408, 429)


def dropped(delivery: Delivery, why: str) -> Delivery:
    """Given up without another POST."""
    return replace(delivery, state=DeliveryState.ABANDONED, last_status=None, last_error=why)


def hold(delivery: Delivery, callbacks: timedelta, uploads: timedelta | None) -> timedelta:
    """For how long it is kept from others while it is tried."""
    return callbacks if delivery.kind is Kind.CALLBACK or uploads is None else uploads


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """For how long a taker keeps deliveries from others. No longer than needed: who dies makes them wait."""

    callbacks: timedelta
    uploads: timedelta

    @classmethod
    def of(cls, *, callback: timedelta, upload: timedelta) -> Self:
        """For exchanges that may take so long, and time to write down what they came to."""
        # An endpoint may be asked before it is called: two exchanges.
        return cls(callbacks=2.2 * callback, uploads=2 * upload)


def can_be_replayed(delivery: Delivery, at: datetime, *, held: bool) -> bool:
    """Whether it is on its way no longer, or waits for its next try; `held`: somebody tries it now."""
    if delivery.state is not DeliveryState.PENDING:
        return True
    return not held and delivery.attempts > 0 and delivery.due_at > at


def replayed(delivery: Delivery, at: datetime) -> Delivery:
    """Due now and on a new schedule, with the same id and the same bytes."""
    return replace(delivery, state=DeliveryState.PENDING, attempts=0, due_at=at)


def rest(reply: Reply, seconds: float) -> timedelta:
    """For how long the lane is left alone after such an answer.

    Who asked for it gets it. Who did not answer at all must not hold those who send for more than half of
    their time; never so long that a second try comes late.
    """
    if reply.is_success:
        return timedelta(0)
    silent = timedelta(seconds=seconds) if reply.status is None else timedelta(0)
    return max(_asked(reply), min(silent, SCHEDULE[0]))


def fault(reply: Reply | Post) -> str:
    """The class of a failure, as receivers' owners may know it: nobody learns from it what stands behind a name.

    A status that HTTP does not have counts as a 5xx (RFC 9110, 15).
    """
    if reply.status is not None:
        return f"http_{min(reply.status // 100, 5)}xx"
    return reply.error if reply.error in TOLD else "unreachable"


def _asked(reply: Reply) -> timedelta:
    """RFC 9110's Retry-After, within reason."""
    return min(max(reply.retry_after or timedelta(0), timedelta(0)), MAX_RETRY_AFTER)

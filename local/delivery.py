"""One event on its way to one subscriber: what an answer means, and what is done next. Pure.

deliver ──accepted──────────────────────────────> done
   │ ^──retriable, retries left: wait delay*2^n
   ├──refused or retries used up──> dead letter ──accepted──> done
   │                                   │ ^──retriable, retries left
   └──no dead-letter sink──> lost <────┘  refused or retries used up
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from local import cloud_event
from local.cloud_event import CloudEvent, NotCloudEvent
from local.objects import BrokerClass, DeliverySpec

NO_RESPONSE: Final = -1
"""Stands for a status where none came: no connection, or the delivery's own timeout."""
TTL: Final = "knativebrokerttl"
START_TTL: Final = 255
"""How often an event may come back as a reply before it is dropped, so that no loop is endless."""
_ERROR_DATA: Final = 1024
_RETRIED: Final = frozenset({NO_RESPONSE, 404, 408, 409, 429})


class Stage(StrEnum):
    DELIVER = "deliver"
    DEAD_LETTER = "dead-letter"
    DONE = "done"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one POST came to. `reply` is the CloudEvent in it, if the subscriber sent one."""

    status: int
    body: bytes = b""
    reply: CloudEvent | None = None
    unreadable: bool = False
    """A 2xx whose body Kafka's dispatcher could make nothing of."""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300 and not self.unreadable

    @property
    def retriable(self) -> bool:
        """Eventing data plane, "Event Acknowledgement and Delivery Retry"."""
        return self.status in _RETRIED or 500 <= self.status < 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """How far an event is: kept in Redis, so that a restart goes on where it was."""

    stage: Stage = Stage.DELIVER
    retries: int = 0
    due_at: float = 0.0
    """Unix time of the next try."""
    code: int = 0
    data: str = ""
    """The answer that made it a dead letter."""


def answer(status: int, headers: Mapping[str, str], body: bytes, kind: BrokerClass = BrokerClass.MT_CHANNEL) -> Answer:
    """What a subscriber's response means: a 2xx body must be empty or a CloudEvent."""
    if not 200 <= status < 300:
        return Answer(status=status, body=body)
    if not cloud_event.is_event(headers):
        return _bodied(status, body, kind) if body else Answer(status=status)
    try:
        reply = cloud_event.read(headers, body)
    except NotCloudEvent:
        return _bodied(status, body, kind)
    # "202 Accepted" promises nothing about a result, so its body is none.
    return Answer(status=status, reply=None if status == 202 else reply)


def _bodied(status: int, body: bytes, kind: BrokerClass) -> Answer:
    """A body that is no event: each class has its own mind."""
    if kind is BrokerClass.KAFKA:  # BaseResponseHandler: to the dead letters at once
        return Answer(status=status, body=body, unreadable=True)
    if kind is BrokerClass.RABBITMQ:  # does not look
        return Answer(status=status)
    return Answer(status=502, body=body)  # pkg/broker/filter writeResponse: tried again


def after(
    journey: Journey, answer: Answer, spec: DeliverySpec, at: float, kind: BrokerClass = BrokerClass.MT_CHANNEL
) -> Journey:
    """Where an event stands after `answer`."""
    if answer.accepted:
        return replace(journey, stage=Stage.DONE)
    if answer.retriable and journey.retries < spec.retry:
        wait = backoff(spec, journey.retries).total_seconds()
        return replace(journey, retries=journey.retries + 1, due_at=at + wait)
    if kind is BrokerClass.RABBITMQ and not answer.retriable:
        return replace(journey, stage=Stage.DONE)  # getStatus says "do not retry", and that is taken for done
    if journey.stage is Stage.DEAD_LETTER or spec.dead_letter is None:
        return replace(journey, stage=Stage.LOST, code=journey.code or answer.status)
    # RabbitMQ's dispatcher tells the code, and no words.
    data = "" if kind is BrokerClass.RABBITMQ else _error_data(answer.body)
    return Journey(stage=Stage.DEAD_LETTER, code=answer.status, data=data)


def backoff(spec: DeliverySpec, retries: int) -> timedelta:
    """The wait before the next retry. No jitter, like Knative's; past 2^24 nobody is there to see it."""
    return spec.backoff * (2 ** min(retries, 24) if spec.exponential else retries)


def outgoing(event: CloudEvent) -> CloudEvent:
    """The event as a subscriber gets it."""
    return event.but(**{TTL: ""})


def dead_letter(event: CloudEvent, journey: Journey, destination: str) -> CloudEvent:
    """The event as the dead-letter sink gets it; `destination` is the URL that would not have it."""
    return event.marked(knativeerrordest=destination, knativeerrorcode=str(journey.code), knativeerrordata=journey.data)


def republished(reply: CloudEvent, event: CloudEvent) -> CloudEvent | None:
    """A reply to `event` as the Broker takes it in; None when the two have been answering each other for too long."""
    left = event.attributes.get(TTL, "")
    ttl = (int(left) if left.isdigit() else START_TTL) - 1
    return reply.but(**{TTL: str(ttl)}) if ttl > 0 else None


def _error_data(body: bytes) -> str:
    return base64.b64encode(body[:_ERROR_DATA]).decode()

"""The Knative objects that the one-machine runtime plays, reduced to what it acts on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A value that stands in a Secret or ConfigMap of the namespace: `kind` says which."""

    kind: str
    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A `serving.knative.dev/v1` Service: how one instance is started, and how many there may be."""

    namespace: str
    name: str
    command: Sequence[str]
    """The container's command and args, one list."""
    env: Mapping[str, str | SecretKey] = field(default_factory=dict)
    port: int = 8080
    readiness_path: str
    public: bool
    """False when labelled `networking.knative.dev/visibility: cluster-local`."""
    container_concurrency: int
    """Requests one instance takes at a time; 0: no limit."""
    timeout: timedelta
    """`timeoutSeconds`: the longest request, and the grace of a stopping instance."""
    response_start_timeout: timedelta
    min_scale: int = 0
    max_scale: int = 0
    """0: no limit."""
    target: float
    """Requests in flight that one instance is meant to hold (target x utilisation)."""
    window: timedelta = timedelta(seconds=60)
    """The stable window over which concurrency is averaged before scaling down."""
    retention: timedelta = timedelta(0)
    """`scale-to-zero-pod-retention-period`."""
    activation: timedelta = timedelta(seconds=630)
    """`progress-deadline` and 30 s: how long the first instance may take to be ready, though nobody waits any more."""
    gpus: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where an event goes: a Service of the namespace (or a Broker), and a path there."""

    kind: str
    namespace: str
    name: str
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySpec:
    """How a Trigger delivers (`duck/v1 DeliverySpec`); Knative's defaults for a Broker where it is silent."""

    retry: int = 10
    exponential: bool = True
    backoff: timedelta = timedelta(seconds=0.2)
    timeout: timedelta | None = None
    dead_letter: Destination | None = None


class BrokerClass(StrEnum):
    """Where Brokers differ, `delivery.py` and `dispatcher.py` ask for this."""

    MT_CHANNEL = "mt-channel"
    """MTChannelBasedBroker over InMemoryChannel with the async handler: 202 at once."""
    IN_MEMORY = "in-memory"
    """The same without it: a producer waits for every subscriber."""
    KAFKA = "kafka"
    RABBITMQ = "rabbitmq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    namespace: str
    name: str
    delivery: DeliverySpec
    kind: BrokerClass = BrokerClass.MT_CHANNEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    namespace: str
    name: str
    broker: str
    attributes: Mapping[str, str]
    """Exact matches that all must hold (`filter.attributes`)."""
    subscriber: Destination
    delivery: DeliverySpec
    ordered: bool = False
    """`kafka.eventing.knative.dev/delivery.order`."""
    parallelism: int = 1
    """`rabbitmq.eventing.knative.dev/parallelism`: events under way at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PingSource:
    namespace: str
    name: str
    schedule: str
    """Cron, five fields, UTC."""
    content_type: str | None
    data: str
    sink: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """All objects of the manifests."""

    services: Sequence[Service]
    brokers: Sequence[Broker]
    triggers: Sequence[Trigger]
    pings: Sequence[PingSource]
    config: Mapping[tuple[str, str], str]
    """ConfigMap values by (name, key)."""

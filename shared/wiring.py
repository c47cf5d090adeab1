"""Settings to Services: the one place that names adapters. Chosen by URL scheme."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final, NoReturn, cast

from shared.adapters.file_artifacts import FileArtifacts
from shared.adapters.file_key_set import FileKeySet
from shared.adapters.http_broker import HttpBroker
from shared.adapters.http_key_set import HttpKeySet
from shared.adapters.http_webhooks import HttpWebhooks
from shared.adapters.memory import Memory
from shared.adapters.memory_api_keys import MemoryKeyStore
from shared.adapters.memory_artifacts import MemoryArtifacts
from shared.adapters.memory_broker import MemoryBroker
from shared.adapters.memory_changes import MemoryChanges
from shared.adapters.memory_dead_letters import MemoryDeadLetterStore
from shared.adapters.memory_deliveries import MemoryDeliveryStore
from shared.adapters.memory_endpoints import MemoryEndpointStore
from shared.adapters.memory_jobs import MemoryJobStore
from shared.adapters.memory_outbox import MemoryOutbox
from shared.adapters.memory_queue import MemoryQueue
from shared.adapters.memory_rates import MemoryRateStore
from shared.adapters.memory_runs import MemoryRunStore
from shared.adapters.redis_api_keys import RedisKeyStore
from shared.adapters.redis_changes import RedisChanges
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_dead_letters import RedisDeadLetterStore
from shared.adapters.redis_deliveries import RedisDeliveryStore
from shared.adapters.redis_endpoints import RedisEndpointStore
from shared.adapters.redis_jobs import RedisJobStore
from shared.adapters.redis_outbox import RedisOutbox
from shared.adapters.redis_queue import RedisQueue
from shared.adapters.redis_rates import RedisRateStore
from shared.adapters.redis_runs import RedisRunStore
from shared.core import events
from shared.core.caps import Caps
from shared.core.errors import Unavailable
from shared.core.job import Job, JobState
from shared.ports import (
    ArtifactStore,
    Changes,
    DeadLetterStore,
    DeliveryStore,
    EventPublisher,
    JobStore,
    KeySetSource,
    KeyStore,
    Outbox,
    Queue,
    RateStore,
    RunStore,
    WebhookEndpointStore,
    WebhookSender,
)
from shared.settings import REDIS_SCHEMES, BadSetting, Settings

log = logging.getLogger(__name__)

_COUNTING_S: Final = 0.1
"""How long a request may be held up by being counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a function reaches outside itself."""

    jobs: JobStore
    changes: Changes
    queue: Queue
    runs: RunStore
    outbox: Outbox
    deliveries: DeliveryStore
    endpoints: WebhookEndpointStore
    dead_letters: DeadLetterStore
    api_keys: KeyStore
    rates: RateStore
    artifacts: ArtifactStore
    publisher: EventPublisher
    webhooks: WebhookSender
    wake_limit: int

    def announce(self, job: Job, position: int | None = None) -> None:
        """Tell the Broker of the job's last change, with a bell if that can bring it a GPU.

        Unheard, the outbox row stays and recover sends it. Who knows the job's place in the queue says it.
        """
        event = events.of(job)
        if event is None:
            return
        try:
            self.publisher.publish(events.rung(event) if self.can_wake(job, position) else event)
            self.outbox.sent(event.id)
        except Unavailable as error:
            log.warning("event not sent now, recover will", extra={"event": event.id, "error": error})

    def can_wake(self, job: Job, position: int | None = None) -> bool:
        """Whether a GPU may be free for the job.

        Who draws now will look at the queue again, or ring on leaving. More bells than instances
        would only wait at the activator until they are dead letters.
        """
        if job.state is not JobState.QUEUED:
            return False
        position = self.jobs.position(job) if position is None else position
        if position is None or position >= self.wake_limit:
            return False
        depth = self.jobs.depth()
        if position + depth.running >= self.wake_limit or depth.paused:
            return False
        return job.id in self.jobs.waiting(position + 1)  # its tenant may have as many drawn as they may

    def wake(self) -> int:
        """Ring for queued jobs; how often. For no more of them than there may be idle GPUs, and never while paused.

        Raises: Unavailable: One of the bells was not heard.
        """
        depth = self.jobs.depth()
        idle = self.wake_limit - depth.running
        if depth.paused or idle < 1:
            return 0
        waiting, now = self.jobs.waiting(idle), self.jobs.now()
        for job_id in waiting:
            self.publisher.publish(events.wake_up(job_id, now))
        return len(waiting)

    def ping(self) -> None:
        """Raises: Unavailable: One of the stores does not answer."""
        self.jobs.ping()
        self.artifacts.ping()

    def close(self) -> None:
        for thing in (self.publisher, self.webhooks, self.artifacts, self.rates, self.jobs):
            thing.close()


class _Unused:
    """Stands where a function said that it needs nothing."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"this function was built without {self._variable} and uses it all the same ({name})")

    def close(self) -> None:
        """There is nothing to close."""


class _Late:
    """Artifacts for who may never need them: made at first use, by any thread."""

    def __init__(self, make: Callable[[], ArtifactStore]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: ArtifactStore | None = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()


def build(settings: Settings, *, artifacts: bool = True, broker: bool = True, late: bool = False) -> Services:
    """The services that the settings name. A server that is away now may come: `ping` tells.

    A function that stores no artifacts or sends no events says so, and needs no setting for them. With `late` those of
    S3 are reached when one is first asked for.

    Raises:
        BadSetting: A URL has a scheme that we do not know, or none where one is needed.
        UnsafeServer: The job store is set up so that it may drop jobs.
    """
    jobs, changes, queue, runs, outbox, deliveries, endpoints, dead_letters, api_keys = _stores(settings)
    try:
        jobs.ping()
    except Unavailable as error:
        log.warning("started without the job store", extra={"error": error})
    return Services(
        jobs=jobs,
        changes=changes,
        queue=queue,
        runs=runs,
        outbox=outbox,
        deliveries=deliveries,
        endpoints=endpoints,
        dead_letters=dead_letters,
        api_keys=api_keys,
        rates=_rates(settings),
        artifacts=_artifacts(settings, late=late) if artifacts else cast("ArtifactStore", _Unused("ARTIFACTS_URL")),
        publisher=_publisher(settings) if broker else cast("EventPublisher", _Unused("K_SINK")),
        webhooks=HttpWebhooks(
            settings.webhook_networks, timeout=settings.webhook_timeout, upload_timeout=settings.upload_timeout
        ),
        wake_limit=settings.wake_limit,
    )


def key_set(url: str) -> KeySetSource:
    """Where an issuer's public keys lie: https:// or file://."""
    return FileKeySet.from_url(url) if url.startswith("file://") else HttpKeySet(url)


def _stores(
    settings: Settings,
) -> tuple[JobStore, Changes, Queue, RunStore, Outbox, DeliveryStore, WebhookEndpointStore, DeadLetterStore, KeyStore]:
    scheme = settings.redis_url.partition("://")[0]
    if scheme == "memory":
        memory = Memory(clock=lambda: datetime.now(UTC), retention=settings.retention, caps=_caps(settings))
        return (
            MemoryJobStore(memory),
            MemoryChanges(memory),
            MemoryQueue(memory),
            MemoryRunStore(memory),
            MemoryOutbox(memory),
            MemoryDeliveryStore(memory),
            MemoryEndpointStore(memory),
            MemoryDeadLetterStore(memory),
            MemoryKeyStore(memory),
        )
    if scheme not in REDIS_SCHEMES:
        raise BadSetting(f"REDIS_URL: must begin with {', '.join(f'{s}://' for s in REDIS_SCHEMES)} or memory://")
    redis = RedisConnection(settings.redis_url)
    return (
        RedisJobStore(redis, settings.retention, _caps(settings)),
        RedisChanges(redis),
        RedisQueue(redis),
        RedisRunStore(redis),
        RedisOutbox(redis),
        RedisDeliveryStore(redis, settings.retention),
        RedisEndpointStore(redis),
        RedisDeadLetterStore(redis, settings.retention),
        RedisKeyStore(redis),
    )


def _caps(settings: Settings) -> Caps:
    return Caps(
        queued=settings.max_queued,
        queued_per_tenant=settings.max_queued_per_tenant,
        running_per_tenant=settings.max_running_per_tenant,
    )


def _rates(settings: Settings) -> RateStore:
    if settings.redis_url.startswith("memory://"):
        return MemoryRateStore(clock=lambda: datetime.now(UTC))
    # Counting must not make anybody wait: who is not counted there is counted here.
    return RedisRateStore(RedisConnection(settings.redis_url, timeout=_COUNTING_S, retries=False))


def _artifacts(settings: Settings, *, late: bool) -> ArtifactStore:
    scheme = settings.artifacts_url.partition("://")[0]
    if scheme == "memory":
        return MemoryArtifacts()
    if scheme == "file":
        return FileArtifacts.from_url(settings.artifacts_url)
    if scheme == "s3":
        return cast("ArtifactStore", _Late(lambda: _bucket(settings))) if late else _bucket(settings)
    raise BadSetting("ARTIFACTS_URL: must begin with s3://, file:// or memory://")


def _bucket(settings: Settings) -> ArtifactStore:
    # Here and not above: boto3 takes memory and start-up time that nobody else should pay.
    from shared.adapters.s3_artifacts import S3Artifacts

    return S3Artifacts.from_url(settings.artifacts_url, endpoint_url=settings.s3_endpoint_url)


def _publisher(settings: Settings) -> EventPublisher:
    scheme = settings.broker_url.partition("://")[0]
    if scheme == "memory":
        return MemoryBroker()
    if scheme not in ("http", "https"):
        raise BadSetting("K_SINK: must be the Broker's address, http:// or https://")
    return HttpBroker(settings.broker_url)

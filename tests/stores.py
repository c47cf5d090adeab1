"""The stores under test, one family at a time, and the jobs they are given."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.adapters.memory import Memory
from shared.adapters.memory_api_keys import MemoryKeyStore
from shared.adapters.memory_changes import MemoryChanges
from shared.adapters.memory_dead_letters import MemoryDeadLetterStore
from shared.adapters.memory_deliveries import MemoryDeliveryStore
from shared.adapters.memory_endpoints import MemoryEndpointStore
from shared.adapters.memory_jobs import MemoryJobStore
from shared.adapters.memory_outbox import MemoryOutbox
from shared.adapters.memory_queue import MemoryQueue
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
from shared.adapters.redis_runs import RedisRunStore
from shared.core.caps import NO_CAPS, Caps
from shared.core.delivery import Delivery
from shared.core.ids import new_attempt_id, new_job_id
from shared.core.job import (
    Cancelled,
    Change,
    Completed,
    Failed,
    Job,
    JobError,
    LeaseExpired,
    Released,
    Webhook,
    Yielded,
)
from shared.core.output import Artifact, Output
from shared.core.request import VideoRequest
from shared.ports import (
    Changes,
    DeadLetterStore,
    DeliveryStore,
    JobStore,
    KeyStore,
    Outbox,
    Queue,
    RunStore,
    WebhookEndpointStore,
)

RETENTION: Final = timedelta(milliseconds=500)
"""Of jobs; short enough for a test to see its end, and too long for one to end before a busy machine looks."""
MOST_KEYS: Final = 20
LEASE: Final = timedelta(seconds=60)
SHORT: Final = timedelta(milliseconds=200)
"""A lease that a test can see the end of, and what comes before it."""
START: Final = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
HOOK: Final = Webhook("https://example.com/hook")
ERROR: Final = JobError("out_of_memory", "the GPU's memory was full")

REQUEST: Final = VideoRequest(
    model="mochi-1-tiny",
    prompt="Ein Käfer 🐞 liest\n\t“Die Verwandlung” \\ \x7f",
    negative_prompt="",
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    seed=2**32 - 1,
    num_inference_steps=4,
    guidance_scale=4.5,
)
_VIDEO: Final = Artifact(key="t/video/a/video.mp4", content_type="video/mp4", bytes=12345, sha256="ab" * 32)
OUTPUT: Final = Output(
    video=_VIDEO,
    thumbnail=replace(_VIDEO, key="t/video/a/thumbnail.webp", content_type="image/webp"),
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    codec="h264",
)


WORKER_CHANGES: Final[Sequence[Callable[[str], Change]]] = (
    Yielded,
    LeaseExpired,
    Cancelled,
    lambda attempt: Released(attempt, ERROR),
    lambda attempt: Failed(attempt, ERROR),
    lambda attempt: Completed(attempt, OUTPUT),
)
"""What the holder of a job may say of it, given its attempt."""


def hook(n: int) -> Webhook:
    """A webhook in a lane of its own."""
    return Webhook(f"https://h{n}.example.com/hook")


class Clock:
    """A clock that goes only when it is asked or told."""

    def __init__(self) -> None:
        self._now = START

    def __call__(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return self._now

    def forward(self, length: timedelta) -> None:
        self._now += length


def new_job(at: datetime, **changes: Any) -> Job:
    fixed: Mapping[str, Any] = {
        "id": new_job_id(at),
        "tenant": "ada",
        "request": REQUEST,
        "webhook": HOOK,
        "metadata": {"project": "Ungeziefer", "snow": "☃"},
        "remixed_from": "video_01KDYQ3W00AAAAAAAAAAAAAAAA",
        "created_at": at,
        "expires_at": at + timedelta(days=1),
        "queued_at": at,
        "changed_at": at,
    }
    return Job(**{**fixed, **changes})


@dataclass(frozen=True, slots=True)
class Stores:
    """One family of stores over one place, and a way to let time pass there."""

    jobs: JobStore
    changes: Changes
    queue: Queue
    runs: RunStore
    outbox: Outbox
    deliveries: DeliveryStore
    endpoints: WebhookEndpointStore
    dead_letters: DeadLetterStore
    api_keys: KeyStore
    wait: Callable[[timedelta], None]

    def add(self, **changes: Any) -> Job:
        """A new queued job, in the store."""
        return self.jobs.create(new_job(self.jobs.now(), **changes))

    def claim(self, lease: timedelta = LEASE) -> tuple[Job, str]:
        """The best queued job, and the attempt that holds it now."""
        attempt = new_attempt_id()
        job = self.jobs.claim(attempt, lease)
        assert job is not None
        return job, attempt

    def take(self, hold: timedelta = LEASE) -> Delivery | None:
        """One delivery that is due."""
        return next(iter(self.deliveries.take(hold)), None)

    def finish(self, **changes: Any) -> Job:
        """A new job, alone in the queue, drawn to its end."""
        self.add(**changes)
        job, attempt = self.claim()
        return self.jobs.apply(job.id, Completed(attempt, OUTPUT))

    def unsent(self) -> list[str]:
        """The job and the type of each unsent event, as `<job id> <type>`."""
        return [f"{e.subject} {e.type}" for e in self.outbox.unsent(older_than=timedelta(0), limit=1000)]


def memory_stores(clock: Clock | None = None, caps: Caps = NO_CAPS) -> Stores:
    clock = clock or Clock()
    memory = Memory(clock=clock, retention=RETENTION, caps=caps)
    return Stores(
        MemoryJobStore(memory),
        MemoryChanges(memory),
        MemoryQueue(memory),
        MemoryRunStore(memory),
        MemoryOutbox(memory),
        MemoryDeliveryStore(memory),
        MemoryEndpointStore(memory),
        MemoryDeadLetterStore(memory),
        MemoryKeyStore(memory, most=MOST_KEYS),
        clock.forward,
    )


@contextmanager
def redis_stores(url: str, caps: Caps = NO_CAPS) -> Iterator[Stores]:
    connection = RedisConnection(url)
    yield Stores(
        RedisJobStore(connection, RETENTION, caps),
        RedisChanges(connection),
        RedisQueue(connection),
        RedisRunStore(connection),
        RedisOutbox(connection),
        RedisDeliveryStore(connection, timedelta(days=1)),
        RedisEndpointStore(connection),
        RedisDeadLetterStore(connection, timedelta(days=1)),
        RedisKeyStore(connection, most=MOST_KEYS),
        lambda length: time.sleep(length.total_seconds()),
    )
    connection.close()

"""What the stores in memory share: one process's tables and their lock. For tests and memory://."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from queue import SimpleQueue

from shared.adapters.memory_line import Line
from shared.core import effects
from shared.core.api_key import ApiKey
from shared.core.caps import NO_CAPS, Caps
from shared.core.counted_call import Answered
from shared.core.dead_letter import DeadLetter
from shared.core.delivery import Delivery
from shared.core.endpoint import Endpoint
from shared.core.events import Event
from shared.core.job import Job
from shared.core.progress import Progress
from shared.core.queue import MOST_WAITS, Pause
from shared.core.request_key import KeyUse
from shared.core.run import Run


@dataclass(slots=True, kw_only=True)
class Memory:
    """Tables by id. Places in lists are not kept but computed from the jobs; those in the queue stand in `line`."""

    clock: Callable[[], datetime]
    retention: timedelta
    caps: Caps = NO_CAPS
    lock: threading.RLock = field(default_factory=threading.RLock)

    jobs: dict[str, Job] = field(default_factory=dict)
    line: Line = field(default_factory=Line)
    leases: dict[str, datetime] = field(default_factory=dict)
    """When the lease on a held job ends."""
    reports: dict[tuple[str, str], Progress] = field(default_factory=dict)
    """The last report by job and attempt."""
    peaks: dict[str, int] = field(default_factory=dict)
    remembered: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Of forgotten videos: until when, and whose they were."""
    requests: dict[tuple[str, str], tuple[datetime, KeyUse]] = field(default_factory=dict)
    """Uses of request keys and when they end, by tenant and name. Those that ended go with the next creation."""

    drawn: dict[tuple[str, str], str] = field(default_factory=dict)
    """The newest finished video by tenant and likeness."""
    answers: dict[tuple[str, str], tuple[Answered, ...]] = field(default_factory=dict)
    """What counted calls were answered with, by tenant and name. Those that ended go with the next such creation."""

    pause: Pause | None = None
    waits: deque[tuple[datetime, timedelta]] = field(default_factory=lambda: deque(maxlen=MOST_WAITS))
    """How long jobs waited for their first worker, and when it came; newest last."""

    events: dict[str, tuple[datetime, Event]] = field(default_factory=dict)
    """Unsent events and when they were written, oldest first."""
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    held: dict[str, datetime] = field(default_factory=dict)
    """Deliveries on their way, and when their holds end."""
    rests: dict[str, datetime] = field(default_factory=dict)
    """Until when nothing of a lane is sent."""
    served: dict[str, int] = field(default_factory=dict)
    """Which turn was a lane's last."""
    turns: Iterator[int] = field(default_factory=lambda: count(1))
    dead_letters: dict[str, DeadLetter] = field(default_factory=dict)
    dead_letter_count: int = 0
    runs: dict[str, deque[Run]] = field(default_factory=dict)
    """By model, newest first."""
    endpoints: dict[str, dict[str, Endpoint]] = field(default_factory=dict)
    """By tenant and id."""
    api_keys: dict[str, ApiKey] = field(default_factory=dict)

    ears: set[SimpleQueue[str]] = field(default_factory=set)
    """Where those who listen are told the ids of jobs that changed."""

    def oldest(self, now: datetime) -> timedelta:
        """How long the job that waits longest has waited."""
        indexes = (effects.index(self.jobs[job_id], self.retention) for job_id in self.line.places)
        since = [index.waits_since for index in indexes if index.waits_since is not None]
        return max(now - min(since), timedelta(0)) if since else timedelta(0)

    def say(self, job_id: str) -> None:
        for ear in self.ears:
            ear.put(job_id)

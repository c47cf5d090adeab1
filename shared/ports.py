"""What the functions need from the outside, one Protocol each. Adapters keep these promises.

Every method may raise `Unavailable` (a TemporaryError) when its server cannot be reached; then
the call may or may not have had its effect, and repeating it is safe. Times are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.core.delivery import Delivery, Reply
from shared.core.events import Event
from shared.core.job import Change, Job
from shared.core.output import Artifact
from shared.core.progress import Progress
from shared.core.request_key import RequestKey


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs of a longer list, in its order, and whether there are more behind them."""

    jobs: Sequence[Job]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """How much work there is: `waiting` queued jobs, `running` held ones, the age of the first in line."""

    waiting: int
    running: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds which job: a lease that ran out."""

    job_id: str
    attempt: str


class JobStore(Protocol):
    """The truth about jobs.

    `create`, `apply` and `claim` write the job, its place in queue, leases and lists, its outbox
    row and its callback in one transaction, and only if nobody changed the job in between. The
    store's own clock counts; a caller's never does.
    """

    def now(self) -> datetime:
        """The store's time."""
        ...

    def create(self, job: Job, *, key: RequestKey | None = None) -> Job:
        """Keep a new queued job. The same job again is no error, so that a lost answer can be repeated.

        The key is kept in the same transaction. Who comes second under it gets the first job, as it stands now.

        Raises:
            Conflict: Another job has this id (`job_exists`), or as `request_key.first` says.
        """
        ...

    def get(self, job_id: str) -> Job:
        """Raises: NotFound."""
        ...

    def apply(self, job_id: str, change: Change) -> Job:
        """`advance` the job and return it as kept.

        Raises:
            NotFound: There is no such job.
            IllegalChange, StaleAttempt: As `advance` says; nothing was written.
        """
        ...

    def page(self, tenant: str, *, limit: int, after: str | None = None, ascending: bool = False) -> Page:
        """A tenant's jobs by age, those behind the id `after`; discarded ones are left out.

        `after` needs not exist any more: ids sort by time.
        """
        ...

    def claim(self, attempt: str, lease: timedelta) -> Job | None:
        """Take the best queued job for `attempt`, or None when there is none.

        Overdue jobs are not taken, nor those whose time has not come (`Job.queued_at`).

        An attempt that holds a job gets that one again, so that a lost answer can be repeated.
        """
        ...

    def renew(self, job_id: str, attempt: str, lease: timedelta) -> Job:
        """Hold the job for one more lease, counted from now; returns it, so that a cancellation is heard.

        Raises:
            StaleAttempt: The attempt holds it no longer.
            NotFound: The job is gone.
        """
        ...

    def report(self, job_id: str, progress: Progress) -> None:
        """Note how far an attempt is. Kept beside the job, for as long as its lease might live."""
        ...

    def progress(self, job: Job) -> tuple[Progress | None, int]:
        """The present attempt's last report, and the highest percentage any attempt ever reported."""
        ...

    def position(self, job: Job) -> int | None:
        """How many jobs stand before it in the queue; None when it does not wait."""
        ...

    def depth(self) -> QueueDepth: ...

    def expired_leases(self, limit: int) -> Sequence[Holding]:
        """Holdings not renewed in time, the longest overdue first. Changes nothing."""
        ...

    def overdue(self, limit: int) -> Sequence[str]:
        """Ids of queued, never claimed jobs past their time. Changes nothing."""
        ...

    def waiting(self, limit: int) -> Sequence[str]:
        """Ids of queued jobs that may be claimed now, best first."""
        ...

    def discard(self, job_id: str) -> None:
        """Mark the job `discarded`: it leaves its tenant's list now, and may go once it is final.

        Raises:
            NotFound: There is no such job.
        """
        ...

    def removable(self, limit: int) -> Sequence[str]:
        """Ids of jobs whose record may go: discarded, or kept for their full retention. Changes nothing."""
        ...

    def forget(self, job_id: str) -> None:
        """Remove the record of a job in a final state, or of none; its callbacks stay.

        Raises:
            Conflict: The job is not in a final state (code `not_final`).
        """
        ...

    def ping(self) -> None:
        """Raises: UnsafeServer: The server is there, but may lose what it is given."""
        ...

    def close(self) -> None: ...


class Outbox(Protocol):
    """Events that the world has not surely heard. Filled by the JobStore's transactions."""

    def unsent(self, *, older_than: timedelta, limit: int) -> Sequence[Event]:
        """Events written at least that long ago, oldest first. Changes nothing."""
        ...

    def sent(self, event_id: str) -> None:
        """The Broker accepted it: strike it out. No error when it is gone already."""
        ...


class DeliveryStore(Protocol):
    """Callbacks owed. Filled by the JobStore's transactions."""

    def take(self, hold: timedelta) -> Delivery | None:
        """Take the pending delivery that is due longest, and keep it from others for `hold`; None: none is due.

        A taker that dies loses it when the hold is over, and it is due again.
        """
        ...

    def keep(self, before: Delivery, after: Delivery) -> bool:
        """Replace `before` by `after` if nobody else did; whether it was written."""
        ...

    def of_job(self, job_id: str) -> Sequence[Delivery]: ...

    def due(self) -> int:
        """How many wait for a taker now."""
        ...

    def next_due(self) -> datetime | None:
        """When the next pending delivery becomes due (past: it is due)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event the Broker gave up on. Told of, counted, never obeyed."""

    event_id: str
    event_type: str
    subject: str
    destination: str
    status: str
    at: datetime


class DeadLetterStore(Protocol):
    """What the Broker could not deliver. Decides nothing about any job."""

    def add(self, letter: DeadLetter) -> None:
        """Keep it, newest first; only the newest 1,000 are kept, all are counted. Said twice, counted twice."""
        ...

    def newest(self, limit: int) -> Sequence[DeadLetter]: ...

    def count(self) -> int:
        """How many there ever were."""
        ...


class ArtifactStore(Protocol):
    """Bytes by key. Keys are `/`-separated names of `[A-Za-z0-9._-]`; no part is `.` or `..`."""

    def put(self, key: str, source: Path | bytes, content_type: str) -> Artifact:
        """Store the whole of `source` or nothing; a reader sees the old object or the new, never a part."""
        ...

    def stat(self, key: str) -> Artifact:
        """Raises: NotFound."""
        ...

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in chunks.

        Raises:
            NotFound: At once, not at the first chunk.
        """
        ...

    def link(self, key: str, *, expires: timedelta, filename: str, content_type: str) -> str | None:
        """A URL that lets its holder GET just this object until then; None if this store has no such thing."""
        ...

    def delete(self, prefix: str) -> int:
        """Delete every object whose key is `prefix` or starts with `prefix/`; how many. None is no error."""
        ...

    def ping(self) -> None: ...

    def close(self) -> None: ...


class EventPublisher(Protocol):
    """The way to the Broker."""

    def publish(self, event: Event) -> None:
        """Returns when the Broker has accepted the event. Raises Unavailable when it did not."""
        ...

    def close(self) -> None: ...


class WebhookSender(Protocol):
    """The only way out to a URL that a caller gave."""

    def check(self, url: str) -> None:
        """Raises: AddressRefused, with a sentence that names the rule and not what was found behind the name."""
        ...

    def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """POST once: no redirect, one deadline over the whole exchange. A fault is a Reply, not an exception."""
        ...

    def close(self) -> None: ...

"""The truth about jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.counted_call import CountedCall
from shared.core.job import Change, Job
from shared.core.progress import Progress
from shared.core.request_key import RequestKey
from shared.core.standing import Standing


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs of a longer list, in its order, and whether there are more behind them."""

    jobs: Sequence[Job]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueDepth:
    """How much work there is: `waiting` queued jobs, `running` held ones, the age of the first in line.

    While the queue is `paused` none of it is handed out.
    """

    waiting: int
    running: int
    oldest: timedelta
    paused: bool = False


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

    def create(self, job: Job, *, key: RequestKey | CountedCall | None = None) -> Job:
        """Keep a new queued job. The same job again is no error, so that a lost answer can be repeated.

        The key is kept in the same transaction, and its `whole`. Who comes second under it gets the first job, as it
        stands now; of a CountedCall, who counted_call says. Who would be served by a finished video as well (reuse.py)
        gets that one, and so does from then on who comes under the key. However many come at a time, no cap is passed.

        Raises:
            QueueFull: As `Caps.admit` says. Who gets an earlier job does not hear it.
            Conflict: Another job has this id (`job_exists`), or as `request_key.first` says.
        """
        ...

    def made(self, tenant: str, key: RequestKey) -> Job | None:
        """The tenant's job that was made under the key, as it stands now. Raises: Conflict: As `request_key.first`."""
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

        Overdue jobs are not taken, nor released ones whose time has not come (`schedule.rest`), nor any while the
        queue is paused.

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

    def standing(self, job_id: str) -> Standing:
        """The job with its progress and its place, all of one instant. Raises: NotFound."""
        ...

    def standings(self, job_ids: Sequence[str]) -> Sequence[Standing | None]:
        """Several at one instant, in the order asked for; None: there is no such job."""
        ...

    def standings_of(self, jobs: Sequence[Job]) -> Sequence[Standing]:
        """How jobs stand that were read this moment, without reading them again."""
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

    def timed_out(self, limit: int) -> Sequence[str]:
        """Ids of jobs past their deadline (`Job.deadline`), whether a worker holds them or not. Changes nothing."""
        ...

    def waiting(self, limit: int) -> Sequence[str]:
        """Ids of queued jobs that may be claimed now, best first; of no tenant more than caps let run."""
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

        That there was a video, and whose, is remembered for as long again (`effects.remembered`).

        Raises:
            Conflict: The job is not in a final state (code `not_final`).
        """
        ...

    def remembered(self, job_id: str) -> str | None:
        """The tenant whose video it was, if its record went at the end of its time not long ago."""
        ...

    def ping(self) -> None:
        """Raises: UnsafeServer: The server is there, but may lose what it is given."""
        ...

    def close(self) -> None: ...

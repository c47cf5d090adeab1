"""Finds what was dropped and sets it going again. Knows no Flask.

Nothing here decides a job's fate by itself: each step applies a fact to the job's table, sends
what the outbox still holds, or rings a bell. Running it twice, or in two places, is harmless.
"""

from __future__ import annotations

import logging
from typing import Final

from shared.core import burial, events, keys
from shared.core.errors import IllegalChange, NotFound, Unavailable
from shared.core.job import Change, Expired, LeaseExpired, TimedOut
from shared.core.wire import Headers
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Rows that one sweep handles of each kind: a bound on its time, not on the backlog."""


class Sweeper:
    """One sweep: leases, expiries, outbox, bells, callbacks, removals."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings

    def sweep(self) -> None:
        """Do every step, whatever becomes of the others.

        Raises:
            Unavailable: One or more steps could not be done.
        """
        failed: list[str] = []
        for step in (
            self._requeue_lost,
            self._expire_overdue,
            self._end_timed_out,
            self._resend_events,
            self._ring_for_queued,
            self._ring_for_callbacks,
            self._remove_old,
        ):
            try:
                count = step()
            except Unavailable as error:
                log.warning("sweep step failed", extra={"event": step.__name__, "error": error})
                failed.append(step.__name__)
            else:
                if count:
                    log.info("sweep step done", extra={"event": step.__name__, "count": count})
        if failed:
            raise Unavailable(f"could not do {', '.join(failed)}", retry_after=10)

    def _requeue_lost(self) -> int:
        """A worker not heard of for a whole lease has lost its job."""
        lost = self._services.jobs.expired_leases(BATCH)
        changed = sum(self._change(holding.job_id, LeaseExpired(holding.attempt)) for holding in lost)
        metrics.LEASES_EXPIRED.inc(changed)
        return changed

    def _expire_overdue(self) -> int:
        return sum(self._change(job_id, Expired()) for job_id in self._services.jobs.overdue(BATCH))

    def _end_timed_out(self) -> int:
        """Those in the queue, and those whose workers did not end them themselves."""
        return sum(self._change(job_id, TimedOut()) for job_id in self._services.jobs.timed_out(BATCH))

    def _change(self, job_id: str, change: Change) -> bool:
        """Apply a fact that was true when we looked; whether it still was."""
        try:
            job = self._services.jobs.apply(job_id, change)
        except (IllegalChange, NotFound):
            return False  # someone was faster: the job has moved on
        log.info("job swept", extra={"job": job_id, "state": job.state})
        self._services.announce(job)
        return True

    def _resend_events(self) -> int:
        """Outbox rows that were written a while ago and are still there."""
        unsent = self._services.outbox.unsent(older_than=self._settings.resend, limit=BATCH)
        for event in unsent:
            self._services.publisher.publish(event)
            self._services.outbox.sent(event.id)
            metrics.EVENTS_RESENT.inc()
        return len(unsent)

    def _ring_for_queued(self) -> int:
        """Wake-ups can be lost on their way: ring again for jobs that have waited a while.

        Not for more than there may be idle GPUs: who draws takes the next job without a bell.
        """
        if self._services.jobs.depth().oldest < self._settings.resend:
            return 0
        return self._services.wake()

    def _ring_for_callbacks(self) -> int:
        due = self._services.deliveries.due()
        if due:
            self._services.publisher.publish(events.deliveries_due(self._services.jobs.now()))
        return due

    def _remove_old(self) -> int:
        """Jobs past their retention, and deleted ones: artifacts first, the record last."""
        removable = self._services.jobs.removable(BATCH)
        for job_id in removable:
            self._remove(job_id)
        return len(removable)

    def _remove(self, job_id: str) -> None:
        try:
            job = self._services.jobs.get(job_id)
        except NotFound:
            pass
        else:
            self._services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
        self._services.jobs.forget(job_id)

    def bury(self, headers: Headers, body: bytes) -> None:
        """Note an event that the Broker gave up on. It decides nothing: the sweeps find what it was about.

        Nothing is sent from here, so that no dead letter can make another.
        """
        letter = burial.letter(headers, body, self._services.jobs.now())
        if not self._services.dead_letters.bury(letter):
            return  # the Broker said it twice
        metrics.DEAD_LETTERS.inc()
        log.warning(
            "dead letter",
            extra={"event": letter.event_id, "event_type": letter.event_type, "status": letter.last.status},
        )

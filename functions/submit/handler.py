"""What callers can do with videos. Knows no Flask."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from functions.submit.forecasts import Forecasts
from functions.submit.herald import Announce
from functions.submit.search import search
from shared.core import effects, keys, views
from shared.core.access import Caller
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, IllegalChange, NotFound, Unavailable
from shared.core.job import CancelRequested, Job
from shared.core.page import page
from shared.core.request_key import MISMATCH, RequestKey
from shared.core.selection import Selection
from shared.core.standing import Standing
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A video that was asked for, as it stands now; `replayed`: an earlier request made it."""

    video: dict[str, Any]
    replayed: bool


class Videos:
    """A tenant's videos. Another tenant's are not found. The world is told by `announce`, by default at once."""

    def __init__(
        self,
        services: Services,
        settings: Settings,
        forecasts: Forecasts | None = None,
        announce: Announce | None = None,
    ) -> None:
        self._services = services
        self._settings = settings
        self._forecasts = forecasts or Forecasts(services, settings)
        self._announce = announce or services.announce

    def accept(self, caller: Caller, draft: Job, key: RequestKey | CountedCall | None = None) -> Accepted:
        """Accept a job: once this returns, it ends in exactly one final state.

        Raises:
            QueueFull: As many wait as may.
            Conflict: The key stands for something else, or for what was deleted (request_key.first).
        """
        job = self._services.jobs.create(draft, key=key)
        if job.id != draft.id:
            log.info("request repeated", extra={"job": job.id, "key_id": caller.key_id})
            return Accepted(self.view(job), replayed=True)
        metrics.JOBS_CREATED.labels(job.request.model).inc()
        log.info("job accepted", extra={"job": job.id, "model": job.request.model, "key_id": caller.key_id})
        standing = self._fresh(job)
        self._announce(job, standing.position)
        return Accepted(self.shown(standing), replayed=False)

    def made(self, caller: Caller, key: RequestKey | CountedCall | None) -> Accepted | None:
        """What an earlier request made under this key: it stands, also where its wish could not be accepted any more.

        Raises: Conflict: It was deleted (code `idempotency_gone`).
        """
        if not isinstance(key, RequestKey):
            return None
        try:
            job = self._services.jobs.made(caller.tenant, key)
        except Conflict as error:
            if error.code == MISMATCH:
                return None
            raise
        return None if job is None else Accepted(self.view(job), replayed=True)

    def get(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Raises: NotFound."""
        return self.shown(self.standing(caller, job_id))

    def list(
        self,
        caller: Caller,
        selection: Selection,
        *,
        limit: int,
        after: str | None = None,
        before: str | None = None,
        ascending: bool = False,
    ) -> dict[str, Any]:
        """Some of them, behind `after` or just before `before`, in the order of the list either way."""
        jobs, forwards = self._services.jobs, before is None
        found = search(
            jobs,
            caller.tenant,
            selection,
            limit=limit,
            after=after if forwards else before,
            ascending=ascending is forwards,
        )
        shown = [self.shown(standing) for standing in jobs.standings_of(found.jobs)]
        if forwards:
            return page(shown, has_more=found.last is not None, last_id=found.last)
        return page(shown[::-1], has_more=found.last is not None, first_id=found.last)

    def delete(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Cancel the job if it is not over, and remove it: from now on it is not found.

        What cannot go at once (a worker still holds it, a store is away) recover removes.
        """
        job, is_news = self._stopped(self.job(caller, job_id))
        self._services.jobs.discard(job_id)
        if is_news:
            self._announce(job, None)
        log.info("video deleted", extra={"job": job_id, "state": job.state, "key_id": caller.key_id})
        if job.state.is_final:
            self._remove(job)
        return views.video_deleted(job_id)

    def _remove(self, job: Job) -> None:
        """Files first, the record last. For its caller it is gone already, whatever store is away now."""
        try:
            self._services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
            self._services.jobs.forget(job.id)
        except Unavailable as error:
            log.warning("not removed now, recover will", extra={"job": job.id, "error": error})

    def job(self, caller: Caller, job_id: str) -> Job:
        """Raises: NotFound."""
        return self.standing(caller, job_id).job

    def standing(self, caller: Caller, job_id: str) -> Standing:
        """Never there, deleted or another tenant's: nobody can tell one from the other."""
        with suppress(NotFound):
            standing = self._services.jobs.standing(job_id)
            if standing.job.tenant == caller.tenant and not standing.job.discarded:
                return standing
        raise NotFound(f"there is no video {job_id}")

    def cancelled(self, job: Job) -> Job:
        """The job, on its way to an end if it was not over."""
        job, is_news = self._stopped(job)
        if is_news:
            self._announce(job, None)
        return job

    def _stopped(self, job: Job) -> tuple[Job, bool]:
        try:
            return self._services.jobs.apply(job.id, CancelRequested()), True
        except IllegalChange:
            return self._services.jobs.get(job.id), False  # it is over, or on its way there

    def view(self, job: Job) -> dict[str, Any]:
        """The job as it stands now, or as it is given if it went meanwhile."""
        return self.shown(self._services.jobs.standings([job.id])[0] or Standing(job))

    def _fresh(self, job: Job) -> Standing:
        """How a new job stands. Never raises: who just queued it must hear that he did, or he will queue another."""
        try:
            found = self._services.jobs.standings([job.id])[0]
        except Unavailable:
            found = None
        return found or Standing(job)

    def shown(self, standing: Standing) -> dict[str, Any]:
        job = standing.job
        return views.video(
            standing,
            base_url=self._settings.public_url,
            expires_at=job.finished_at + effects.kept(job, self._settings.retention) if job.finished_at else None,
            outlook=self._forecasts.outlook(standing),
        )

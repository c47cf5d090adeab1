"""What callers can do with videos. Knows no Flask."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from functions.submit.search import search
from shared.core import keys, views
from shared.core.access import Caller
from shared.core.errors import AddressRefused, IllegalChange, InvalidRequest, NotFound, Problem
from shared.core.ids import new_job_id
from shared.core.job import CancelRequested, Job, Webhook
from shared.core.request import MAX_SEED, CreateVideo, VideoRequest, parse, resolve
from shared.core.request_key import RequestKey
from shared.core.selection import Selection
from shared.core.standing import Standing
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

REMIXABLE: Final = {"prompt", "webhook", "metadata"}
"""What a remix may say; all else is that of the video it repeats."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A video that was asked for, as it stands now; `replayed`: an earlier request made it."""

    video: dict[str, Any]
    replayed: bool


class Videos:
    """A tenant's videos. Another tenant's are not found."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings

    def draft(self, caller: Caller, body: object, *, callback_url: str | None = None) -> Job:
        """The job that a body asks for, not yet accepted: nothing is stored. `callback_url`: given beside the body.

        Raises:
            InvalidRequest: Naming every wrong field.
        """
        wish = self._wish(body, callback_url)
        seed = secrets.randbelow(MAX_SEED + 1)
        return self._drafted(caller, wish, resolve(wish, models=self._settings.models, seed=seed))

    def remix_draft(self, caller: Caller, job_id: str, body: object, *, callback_url: str | None = None) -> Job:
        """A draft that draws another prompt with the seed and everything else of `job_id`'s request.

        Who hears of its end and what it is labelled with are the new job's own.

        Raises:
            NotFound, InvalidRequest: As of `draft`; also a field that the remixed video decides.
        """
        origin = self.job(caller, job_id)
        wish = self._wish(body, callback_url)
        decided = wish.model_dump(exclude=REMIXABLE, exclude_unset=True, exclude_none=True)
        if decided:
            raise InvalidRequest(*(Problem(f"/{name}", "is that of the video that is remixed") for name in decided))
        if origin.request.model not in self._settings.models:
            raise InvalidRequest(Problem("/model", f"{origin.request.model}, which drew {job_id}, is not offered now"))
        return self._drafted(caller, wish, replace(origin.request, prompt=wish.prompt), remixed_from=job_id)

    def accept(self, caller: Caller, draft: Job, key: RequestKey | None = None) -> Accepted:
        """Accept a job: once this returns, it ends in exactly one final state.

        Raises:
            Conflict: The key stands for something else, or for what was deleted (request_key.first).
        """
        job = self._services.jobs.create(draft, key=key)
        if job.id != draft.id:
            log.info("request repeated", extra={"job": job.id, "key_id": caller.key_id})
            return Accepted(self.view(job), replayed=True)
        metrics.JOBS_CREATED.labels(job.request.model).inc()
        log.info("job accepted", extra={"job": job.id, "model": job.request.model, "key_id": caller.key_id})
        self._services.announce(job)
        return Accepted(self.view(job), replayed=False)

    def get(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Raises: NotFound."""
        return self.shown(self.standing(caller, job_id))

    def list(
        self, caller: Caller, selection: Selection, *, limit: int, after: str | None, ascending: bool
    ) -> dict[str, Any]:
        jobs = self._services.jobs
        found = search(jobs, caller.tenant, selection, limit=limit, after=after, ascending=ascending)
        standings = jobs.standings([job.id for job in found.jobs])
        return views.video_list(
            [self.shown(standing) for standing in standings if standing],
            has_more=found.last is not None,
            last_id=found.last,
        )

    def delete(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Cancel the job if it is not over, and remove it: from now on it is not found.

        What cannot go at once (a worker still holds it, a store is away) recover removes.
        """
        job = self.cancelled(self.job(caller, job_id))
        self._services.jobs.discard(job_id)
        log.info("video deleted", extra={"job": job_id, "state": job.state, "key_id": caller.key_id})
        if job.state.is_final:
            self._services.artifacts.delete(keys.job_prefix(job.tenant, job.id))
            self._services.jobs.forget(job_id)
        return views.video_deleted(job_id)

    def _wish(self, body: object, callback_url: str | None) -> CreateVideo:
        names = self._settings
        return parse(body, models=names.models, model_aliases=names.model_aliases, callback_url=callback_url)

    def _drafted(
        self, caller: Caller, wish: CreateVideo, request: VideoRequest, *, remixed_from: str | None = None
    ) -> Job:
        webhook = self._webhook(wish)
        now = self._services.jobs.now()
        return Job(
            id=new_job_id(now),
            tenant=caller.tenant,
            request=request,
            webhook=webhook,
            metadata=wish.metadata,
            remixed_from=remixed_from,
            created_at=now,
            queued_at=now,
            changed_at=now,
            expires_at=now + self._settings.queue_ttl,
            max_losses=self._settings.max_losses,
        )

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
        try:
            job = self._services.jobs.apply(job.id, CancelRequested())
        except IllegalChange:
            return self._services.jobs.get(job.id)  # it is over, or on its way there
        self._services.announce(job)
        return job

    def view(self, job: Job) -> dict[str, Any]:
        """The job as it stands now, or as it is given if it went meanwhile."""
        return self.shown(self._services.jobs.standings([job.id])[0] or Standing(job))

    def shown(self, standing: Standing) -> dict[str, Any]:
        job = standing.job
        return views.video(
            job,
            base_url=self._settings.public_url,
            expires_at=job.finished_at + self._settings.retention if job.finished_at else None,
            progress=standing.progress,
            percent=standing.percent,
            position=standing.position,
        )

    def _webhook(self, wish: CreateVideo) -> Webhook | None:
        if wish.webhook is None:
            return None
        try:
            self._services.webhooks.check(wish.webhook.url)
        except AddressRefused as error:
            raise InvalidRequest(Problem("/webhook/url", str(error)), code="ssrf_blocked") from None
        return Webhook(url=wish.webhook.url, events=tuple(wish.webhook.events))

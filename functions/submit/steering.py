"""What callers can do about a job that is under way or ended badly: cancel it, ask again. Knows no Flask."""

from __future__ import annotations

import logging
from typing import Any

from functions.submit.handler import Accepted, Videos
from shared.core.access import Caller
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, NotFound
from shared.core.ids import new_job_id
from shared.core.job import Job, JobState
from shared.core.request_key import RequestKey
from shared.core.retry import retried
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)


class Steering:
    """Over a tenant's videos."""

    def __init__(self, services: Services, settings: Settings, videos: Videos) -> None:
        self._services = services
        self._settings = settings
        self._videos = videos

    def cancel(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Cancel the job. In state `cancelling` its worker is yet to hear of it.

        Raises:
            NotFound.
            Conflict: It is over (code `already_terminal`).
        """
        job = _not_over(self._videos.job(caller, job_id))
        job = self._videos.cancelled(job)
        if job.state is not JobState.CANCELLED:
            _not_over(job)  # it may have been completed in between
        log.info("video cancelled", extra={"job": job_id, "state": job.state, "key_id": caller.key_id})
        return self._videos.view(job)

    def retry(self, caller: Caller, job_id: str, key: RequestKey | CountedCall | None = None) -> Accepted:
        """Accept a new job with the wish of one that failed, expired or was cancelled.

        Raises:
            NotFound.
            Conflict: It did not end so, or its model or preset is no longer offered (code `not_retriable`); or as
                `Videos.accept` says.
        """
        try:
            again = self._again(caller, job_id)
        except (NotFound, Conflict):
            earlier = self._videos.made(caller, key)
            if earlier is None:
                raise
            return earlier
        return self._videos.accept(caller, again, key)

    def _again(self, caller: Caller, job_id: str) -> Job:
        job = self._videos.job(caller, job_id)
        now = self._services.jobs.now()
        again = retried(
            job,
            job_id=new_job_id(now),
            at=now,
            queue_ttl=self._settings.queue_ttl,
            max_losses=self._settings.max_losses,
            most_urgent=caller.most_urgent,
        )
        if job.request.model not in self._settings.models:
            raise Conflict(f"{job.request.model} is no longer offered here", code="not_retriable")
        if job.request.preset not in self._settings.presets:
            raise Conflict(f"the preset {job.request.preset} is no longer offered here", code="not_retriable")
        return again


def _not_over(job: Job) -> Job:
    if job.state.is_final:
        raise Conflict(f"{job.id} is {job.state} already", code="already_terminal")
    return job

"""The files that a job left behind, for its owner to fetch. Knows no Flask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from functions.submit.handler import Videos
from shared.core import keys
from shared.core.access import Caller
from shared.core.errors import Conflict, Gone, InvalidRequest, NotFound, Problem
from shared.core.job import Job
from shared.core.output import VARIANTS, Artifact
from shared.settings import Settings
from shared.wiring import Services

_ENDINGS: Final = {"video/mp4": ".mp4", "image/webp": ".webp", "image/jpeg": ".jpg"}


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a job, and the name under which a caller would save it."""

    artifact: Artifact
    filename: str


class Contents:
    """Over a tenant's videos."""

    def __init__(self, services: Services, settings: Settings, videos: Videos) -> None:
        self._services = services
        self._settings = settings
        self._videos = videos

    def find(self, caller: Caller, job_id: str, variant: str) -> Content:
        """A file that is really there.

        Raises:
            InvalidRequest: There is no such variant.
            NotFound: There is no such video, or it has no such file and never will.
            Conflict: Not ready yet (code `not_ready`).
            Gone: It was there, and is no more.
        """
        try:
            job = self._videos.job(caller, job_id)
        except NotFound:
            if self._services.jobs.remembered(job_id) == caller.tenant:
                raise _gone(job_id, "video") from None
            raise
        if variant not in VARIANTS:
            raise InvalidRequest(Problem("/variant", f"must be one of {', '.join(VARIANTS)}"))
        artifact = _artifact(job, variant)
        try:
            self._services.artifacts.stat(artifact.key)
        except NotFound:
            raise _gone(job_id, variant) from None
        suffix = "" if variant == "video" else f"-{variant}"
        return Content(artifact, f"{job_id}{suffix}{_ENDINGS[artifact.content_type]}")

    def preview(self, caller: Caller, job_id: str) -> bytes | None:
        """The newest WEBP of a video that is not over; None: there is none.

        Raises: NotFound: There is no such video.
        """
        job = self._videos.job(caller, job_id)
        if job.state.is_final:
            return None
        try:
            return b"".join(self._services.artifacts.read(keys.preview_key(job.tenant, job.id)))
        except NotFound:
            return None

    def link(self, content: Content) -> str | None:
        """A URL that lets its holder GET just this file for a short while; None: fetch the bytes here."""
        return self._services.artifacts.link(
            content.artifact.key,
            expires=self._settings.link_ttl,
            filename=content.filename,
            content_type=content.artifact.content_type,
        )

    def bytes(self, content: Content, start: int, end: int) -> Iterator[bytes]:
        """Raises: Gone: It went in this instant."""
        try:
            return self._services.artifacts.read(content.artifact.key, start=start, end=end)
        except NotFound:
            raise _gone(content.filename, "file") from None


def _artifact(job: Job, variant: str) -> Artifact:
    if not job.state.is_final:
        raise Conflict(f"{job.id} is {job.state}; its video is not ready yet", code="not_ready")
    if job.output is None:
        raise NotFound(f"{job.id} ended as {job.state} and has no video")
    artifact = job.output.variants.get(variant)
    if artifact is None:
        raise NotFound(f"{job.id} was drawn before there were {variant}s, and has none")
    return artifact


def _gone(name: str, what: str) -> Gone:
    return Gone(f"the {what} of {name} is no longer kept")

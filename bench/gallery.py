"""A store and a folder of artifacts as a tenant leaves them who has drawn a lot."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PIL import Image

from shared.adapters.file_artifacts import FileArtifacts
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_jobs import RedisJobStore
from shared.core import keys
from shared.core.ids import new_attempt_id
from shared.core.job import Completed, Job
from shared.core.output import Output
from shared.core.progress import Phase, Progress
from tests.stores import LEASE, REQUEST, new_job

_KEPT = timedelta(days=7)
_STEPS = 64
_SIDES = (320, 192)
_WISH = replace(REQUEST, num_inference_steps=_STEPS)


class Gallery:
    """What is drawn, and being drawn, for one tenant. Every video has the same pictures."""

    def __init__(self, redis_url: str, artifacts: Path, tenant: str) -> None:
        self._connection = RedisConnection(redis_url)
        self._jobs = RedisJobStore(self._connection, _KEPT)
        self._files = FileArtifacts(artifacts)
        self._tenant = tenant
        self._step = 0

    def close(self) -> None:
        self._connection.close()

    def finish(self, count: int) -> None:
        """So many videos that are ready."""
        picture = self._files.put(f"{self._tenant}/gallery/thumbnail.webp", _picture(), "image/webp")
        output = Output(
            video=picture,
            thumbnail=picture,
            width=96,
            height=64,
            num_frames=13,
            fps=30,
            codec="h264",
            checks=("black",),
        )
        for _ in range(count):
            job, attempt = self._begun()
            self._jobs.apply(job.id, Completed(attempt, output))

    def begin(self, count: int) -> list[tuple[str, str]]:
        """So many videos that are being drawn: the id and the attempt of each."""
        begun = [self._begun() for _ in range(count)]
        for job, _ in begun:
            self._files.put(keys.preview_key(self._tenant, job.id), _picture(), "image/webp")
        return [(job.id, attempt) for job, attempt in begun]

    def step(self, begun: list[tuple[str, str]]) -> None:
        """One more step of each."""
        self._step = self._step % (_STEPS - 1) + 1
        for job_id, attempt in begun:
            told = Progress(attempt=attempt, phase=Phase.DENOISING, step=self._step, total_steps=_STEPS)
            self._jobs.report(job_id, told)

    def _begun(self) -> tuple[Job, str]:
        attempt = new_attempt_id()
        at = self._jobs.now()
        self._jobs.create(new_job(at, tenant=self._tenant, request=_WISH, webhook=None, remixed_from=None))
        job = self._jobs.claim(attempt, LEASE * 60)
        if job is None:
            raise LookupError("somebody else takes jobs out of this store")
        return job, attempt


def _picture() -> bytes:
    """Noise, the hardest to decode of what fits there."""
    sheet = io.BytesIO()
    Image.frombytes("RGB", _SIDES, os.urandom(3 * _SIDES[0] * _SIDES[1])).resize(_SIDES).save(sheet, "WEBP", quality=70)
    return sheet.getvalue()

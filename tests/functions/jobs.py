"""Jobs for tests of the functions, made the way submit makes them."""

from __future__ import annotations

from datetime import timedelta

from shared.core import keys
from shared.core.ids import new_attempt_id, new_job_id
from shared.core.job import Completed, Job, Webhook
from shared.core.output import Artifact, Grid, Output
from shared.core.request import parse, resolve
from shared.settings import Settings
from shared.wiring import Services

MODELS = ("mochi-1-tiny",)


def queue(services: Services, *, callback: str | None = None, events: tuple[str, ...] = (), **changes) -> Job:
    """A queued job, as the store keeps it."""
    wish = parse({"prompt": "a red cat on the sea", "seed": 1}, models=MODELS).wish
    now = services.jobs.now()
    values = {
        "id": new_job_id(now),
        "tenant": "default",
        "request": resolve(wish, models=MODELS, seed=1),
        "webhook": Webhook(callback, events) if callback else None,
        "created_at": now,
        "queued_at": now,
        "changed_at": now,
        "expires_at": now + timedelta(days=1),
    }
    return services.jobs.create(Job(**values | changes))


GRID = Grid(columns=5, rows=3, stills=13, tile_width=96, tile_height=64)


def complete(
    services: Services, settings: Settings, job_id: str, video: bytes = b"0123456789", *, sheet: bool = True
) -> Job:
    """Claim the job, which must be the next, and end it as generate does, or did before there were spritesheets."""
    attempt = new_attempt_id()
    job = services.jobs.claim(attempt, settings.lease)
    assert job_id == job.id

    def put(name: str, data: bytes, content_type: str) -> Artifact:
        return services.artifacts.put(keys.artifact_key(job.tenant, job.id, attempt, name), data, content_type)

    output = Output(
        video=put("video.mp4", video, "video/mp4"),
        thumbnail=put("thumbnail.webp", b"webp", "image/webp"),
        spritesheet=put("spritesheet.jpg", b"jpeg", "image/jpeg") if sheet else None,
        grid=GRID if sheet else None,
        width=96,
        height=64,
        num_frames=13,
        fps=30,
        codec="h264",
    )
    return services.jobs.apply(job_id, Completed(attempt, output))

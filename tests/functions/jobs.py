"""Jobs for tests of the functions, made the way submit makes them."""

from __future__ import annotations

from datetime import timedelta

from shared.core.ids import new_job_id
from shared.core.job import Job, Webhook
from shared.core.request import parse, resolve
from shared.wiring import Services

MODELS = ("mochi-1-tiny",)


def queue(services: Services, *, callback: str | None = None, events: tuple[str, ...] = (), **changes) -> Job:
    """A queued job, as the store keeps it."""
    wish = parse({"prompt": "a red cat on the sea", "seed": 1}, models=MODELS)
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

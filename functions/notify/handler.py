"""Tells callers of the end of their jobs: one signed POST at a time, until it is heard. Knows no Flask."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import Final

from shared.core import delivery as deliveries
from shared.core import effects, events, views
from shared.core.delivery import Delivery, DeliveryState, Reply
from shared.core.errors import NotFound
from shared.core.signing import sign
from shared.core.standing import Standing
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

LINGER: Final = timedelta(seconds=10)
"""A retry that is due this soon is waited for; a later one is left to recover's sweep."""
SLICE: Final = 60.0
"""Seconds that one wake-up works for; what is left then wakes notify again."""

_CLOUD_EVENT_TYPES: Final = {
    "video.completed": events.COMPLETED,
    "video.failed": events.FAILED,
    "video.cancelled": events.CANCELLED,
    "video.expired": events.EXPIRED,
}


class Courier:
    """Sends what is due. Any number of couriers work side by side: a delivery is taken by one at a time."""

    def __init__(self, services: Services, settings: Settings, drain: Event) -> None:
        self._services = services
        self._settings = settings
        self._drain = drain
        self._lingering = Lock()

    def run(self) -> None:
        """Send deliveries until none is due, and wait for the next if it is due soon."""
        end = time.monotonic() + SLICE
        while not self._drain.is_set() and time.monotonic() < end:
            taken = self._services.deliveries.take(hold=2 * self._settings.webhook_timeout)
            if taken is not None:
                self._send(taken)
            elif not self._linger():
                return

    def _linger(self) -> bool:
        """Wait for a delivery that is due soon; False when there is none, or another thread waits already."""
        if not self._lingering.acquire(blocking=False):
            return False
        try:
            due_at = self._services.deliveries.next_due()
            wait = due_at - self._services.jobs.now() if due_at else None
            if wait is None or wait > LINGER:
                return False
            return not self._drain.wait(max(wait.total_seconds(), 0.01))
        finally:
            self._lingering.release()

    def _send(self, taken: Delivery) -> None:
        """One POST, and what it came to. Killed in between, it is sent again: same id, same bytes."""
        written = self._written(taken)
        if written is None or written.body is None:
            return
        body = written.body.encode()
        reply = self._services.webhooks.post(written.url, self._headers(written, body), body)
        now = self._services.jobs.now()
        after = deliveries.after(written, reply, now, chance=random.random())  # noqa: S311 - spreads load, guards nothing
        self._services.deliveries.keep(written, after)
        self._tell(after, reply)

    def _written(self, taken: Delivery) -> Delivery | None:
        """The delivery with its body, fixed before the first POST so that every try sends the same bytes."""
        if taken.body is not None:
            return taken
        data = {"id": taken.job_id, "object": "video"}
        try:
            job = self._services.jobs.get(taken.job_id)
        except NotFound:
            pass  # deleted by its owner; the end of the job is still told
        else:
            if not job.discarded:
                gone_at = job.finished_at + effects.kept(job, self._settings.retention) if job.finished_at else None
                data = views.video(Standing(job), base_url=self._settings.public_url, expires_at=gone_at)
        event = views.callback(event_id=taken.event_id, event_type=taken.event_type, at=taken.created_at, data=data)
        written = replace(taken, body=json.dumps(event, separators=(",", ":"), ensure_ascii=False))
        return written if self._services.deliveries.keep(taken, written) else None

    def _headers(self, delivery: Delivery, body: bytes) -> Sequence[tuple[str, str]]:
        """Standard Webhooks and binary CloudEvents in one: both count the same id."""
        now: datetime = self._services.jobs.now()
        return (
            ("Content-Type", "application/json"),
            ("User-Agent", "Flipbook/1"),
            ("webhook-id", delivery.event_id),
            ("webhook-timestamp", str(int(now.timestamp()))),
            ("webhook-signature", sign(self._settings.webhook_secret, delivery.event_id, now, body)),
            ("ce-specversion", "1.0"),
            ("ce-id", delivery.event_id),
            ("ce-source", events.SOURCE),
            ("ce-type", _CLOUD_EVENT_TYPES[delivery.event_type]),
            ("ce-subject", delivery.job_id),
            ("ce-time", delivery.created_at.isoformat().replace("+00:00", "Z")),
        )

    def _tell(self, delivery: Delivery, reply: Reply) -> None:
        outcome = "retrying" if delivery.state is DeliveryState.PENDING else delivery.state.value
        metrics.DELIVERIES.labels(outcome).inc()
        log.info(
            "callback %s",
            outcome,
            extra={"delivery": delivery.id, "job": delivery.job_id, "status": reply.status, "error": reply.error},
        )

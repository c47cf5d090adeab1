"""Writes down what became of a delivery. Knows no Flask."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import timedelta

from shared.core import delivery as deliveries
from shared.core.delivery import Delivery, DeliveryState, Reply
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)


class Ledger:
    """Each of its entries counts only if nobody else took the delivery meanwhile."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def record(
        self, tried: Delivery, reply: Reply, seconds: float, *, url: str | None = None, moved: bool = False
    ) -> None:
        """One more try, which took so long; `url` is where it went, if not where it was to go at first.

        `moved`: its receiver is elsewhere by now.
        """
        at = self._services.jobs.now()
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        after = deliveries.after(tried, reply, at, chance=chance, seconds=seconds, moved=moved)
        after = after if url is None else replace(after, url=url)
        self._services.deliveries.keep(tried, after, rest=deliveries.rest(reply, seconds))
        _tell(after, reply)

    def drop(self, taken: Delivery, why: str) -> None:
        """It is given up without a try."""
        after = deliveries.dropped(taken, why)
        self._services.deliveries.keep(taken, after)
        _tell(after, Reply(error=why))

    def postpone(self, taken: Delivery, wait: timedelta) -> None:
        """It was not tried, and is due again after `wait`."""
        self._services.deliveries.keep(taken, replace(taken, due_at=self._services.jobs.now() + wait))


def _tell(delivery: Delivery, reply: Reply) -> None:
    outcome = "retrying" if delivery.state is DeliveryState.PENDING else delivery.state.value
    metrics.DELIVERIES.labels(outcome).inc()
    log.info(
        "%s %s",
        delivery.kind,
        outcome,
        extra={"delivery": delivery.id, "job": delivery.job_id, "status": reply.status, "error": reply.error},
    )

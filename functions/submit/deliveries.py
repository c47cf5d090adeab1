"""What became of callbacks, and sending them again. Knows no Flask."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from functions.submit.handler import Videos
from shared.core import delivery as deliveries
from shared.core import events
from shared.core.access import Caller
from shared.core.delivery import Delivery, DeliveryState
from shared.core.errors import Conflict, NotFound, Unavailable
from shared.ports import DeliveryPage
from shared.wiring import Services

log = logging.getLogger(__name__)

REPLAYED: Final = 1000
"""Callbacks that one replay looks at."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are due again, the last that was looked at, and whether there are more behind it."""

    count: int
    last_id: str | None
    has_more: bool


class Deliveries:
    """A tenant's callbacks. Another tenant's are not found."""

    def __init__(self, services: Services, videos: Videos) -> None:
        self._services = services
        self._videos = videos

    def of_video(self, caller: Caller, job_id: str) -> Sequence[Delivery]:
        """Raises: NotFound."""
        return self._services.deliveries.of_job(self._videos.job(caller, job_id).id)

    def to_endpoint(self, caller: Caller, endpoint_id: str, *, limit: int, after: str | None) -> DeliveryPage:
        """Raises: NotFound."""
        endpoint = self._services.endpoints.get(caller.tenant, endpoint_id)
        return self._services.deliveries.to_endpoint(endpoint.id, limit=limit, after=after)

    def replay_of_video(self, caller: Caller, job_id: str, delivery_id: str) -> Delivery:
        """Raises: NotFound; Conflict: It is on its way (`delivery_pending`)."""
        return self._replay(self._found(delivery_id, self._videos.job(caller, job_id).id, None))

    def replay_to_endpoint(self, caller: Caller, endpoint_id: str, delivery_id: str) -> Delivery:
        """Raises: As `replay_of_video`."""
        endpoint = self._services.endpoints.get(caller.tenant, endpoint_id)
        return self._replay(self._found(delivery_id, None, endpoint.id))

    def replay_failed(self, caller: Caller, endpoint_id: str, since: int, after: str | None) -> Replayed:
        """Send now what was given up or waits for its next try, and happened since then, from behind `after` on.

        Raises: NotFound.
        """
        endpoint, begin = self._services.endpoints.get(caller.tenant, endpoint_id), datetime.fromtimestamp(since, UTC)
        count, seen = 0, 0
        page = DeliveryPage([], has_more=True)
        while page.has_more and seen < REPLAYED:
            page = self._services.deliveries.to_endpoint(endpoint.id, limit=_PAGE, after=after)
            seen += len(page.deliveries)
            after = page.deliveries[-1].id if page.deliveries else after
            failed = [d for d in page.deliveries if d.state is not DeliveryState.DELIVERED and d.created_at >= begin]
            count += sum(again is not None for again in self._made_due(failed))
        if count:
            self._ring()
        log.info("callbacks replayed", extra={"endpoint": endpoint.id, "count": count, "key_id": caller.key_id})
        return Replayed(count, after if seen else None, page.has_more)

    def _found(self, delivery_id: str, job_id: str | None, endpoint_id: str | None) -> Delivery:
        found = self._services.deliveries.get(delivery_id)
        if job_id not in (None, found.job_id) or endpoint_id not in (None, found.endpoint_id):
            raise NotFound(f"there is no delivery {delivery_id}")
        return found

    def _replay(self, found: Delivery) -> Delivery:
        [again] = self._made_due([found])
        if again is None:
            raise Conflict(f"{found.id} is on its way already", code="delivery_pending")
        self._ring()
        log.info("callback replayed", extra={"delivery": found.id, "job": found.job_id})
        return again

    def _made_due(self, found: Sequence[Delivery]) -> Iterator[Delivery | None]:
        """None: it is on its way, or somebody else did at this moment."""
        if not found:
            return
        # Who takes or leaves one of them after this look changes it, so that it is not kept below.
        held, at = self._services.deliveries.held(found), self._services.jobs.now()
        for each in found:
            again = deliveries.replayed(each, at)
            may = deliveries.can_be_replayed(each, at, held=each.id in held)
            yield again if may and self._services.deliveries.keep(each, again) else None

    def _ring(self) -> None:
        try:
            self._services.publisher.publish(events.deliveries_due(self._services.jobs.now()))
        except Unavailable as error:
            log.warning("notify not woken now, recover will", extra={"error": error})

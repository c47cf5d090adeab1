"""Callbacks and uploads owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.delivery import Delivery


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries of a longer list, and whether there are more behind them."""

    deliveries: Sequence[Delivery]
    has_more: bool


class DeliveryStore(Protocol):
    """Callbacks and uploads owed, in lanes (delivery.py). Filled by the JobStore's transactions."""

    def take(self, hold: timedelta, *, uploads: timedelta | None = None, limit: int = 1) -> Sequence[Delivery]:
        """Take pending deliveries that are due, and keep them from others for `hold`; none: nothing may be sent now.

        Uploads take longer, and are kept for `uploads`; None: for `hold` too.

        Lanes take turns. Of one lane no more than PLACES are held, and about every second one taken is the newest that
        is due, the others those that are due longest. A taker that dies loses it when the hold is over, and it is due
        again.
        """
        ...

    def fix(self, taken: Delivery, body: str) -> Delivery | None:
        """Set the body, for good; None: somebody else took it meanwhile."""
        ...

    def keep(self, before: Delivery, after: Delivery, *, rest: timedelta = timedelta(0)) -> bool:
        """Replace `before` by `after` if nobody else did; whether it was written.

        It is held no longer. Nothing of its lane is taken for `rest`, or for longer if that was said before.
        """
        ...

    def held(self, deliveries: Sequence[Delivery]) -> frozenset[str]:
        """The ids of those that somebody took and still holds: they may be on their way."""
        ...

    def get(self, delivery_id: str) -> Delivery:
        """Raises: NotFound: There is none such, or no longer."""
        ...

    def of_job(self, job_id: str) -> Sequence[Delivery]: ...

    def to_endpoint(self, endpoint_id: str, *, limit: int, after: str | None = None) -> DeliveryPage:
        """An endpoint's newest deliveries, those of the newest jobs first, behind the id `after`."""
        ...

    def due(self) -> int:
        """How many wait for a taker now; where they are very many, at least so many."""
        ...

    def next_due(self) -> datetime | None:
        """When it is worth to look again (past: now). None: nothing is pending."""
        ...

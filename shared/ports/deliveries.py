"""Callbacks owed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from shared.core.delivery import Delivery


class DeliveryStore(Protocol):
    """Callbacks owed. Filled by the JobStore's transactions."""

    def take(self, hold: timedelta) -> Delivery | None:
        """Take the pending delivery that is due longest, and keep it from others for `hold`; None: none is due.

        A taker that dies loses it when the hold is over, and it is due again.
        """
        ...

    def keep(self, before: Delivery, after: Delivery) -> bool:
        """Replace `before` by `after` if nobody else did; whether it was written."""
        ...

    def of_job(self, job_id: str) -> Sequence[Delivery]: ...

    def due(self) -> int:
        """How many wait for a taker now."""
        ...

    def next_due(self) -> datetime | None:
        """When the next pending delivery becomes due (past: it is due)."""
        ...

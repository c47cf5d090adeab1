"""Events still to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from shared.core.events import Event


class Outbox(Protocol):
    """Events that the world has not surely heard. Filled by the JobStore's transactions."""

    def unsent(self, *, older_than: timedelta, limit: int) -> Sequence[Event]:
        """Events written at least that long ago, oldest first. Changes nothing."""
        ...

    def sent(self, event_id: str) -> None:
        """The Broker accepted it: strike it out. No error when it is gone already."""
        ...

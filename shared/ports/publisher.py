"""The way to the Broker."""

from __future__ import annotations

from typing import Protocol

from shared.core.events import Event


class EventPublisher(Protocol):
    """The way to the Broker."""

    def publish(self, event: Event) -> None:
        """Returns when the Broker has accepted the event. Raises Unavailable when it did not."""
        ...

    def close(self) -> None: ...

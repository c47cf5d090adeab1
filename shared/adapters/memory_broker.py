"""A Broker in this process's memory: keeps what it is given and delivers nothing."""

from __future__ import annotations

from shared.core.errors import Unavailable
from shared.core.events import Event


class MemoryBroker:
    """An EventPublisher; `events` is what it accepted, in order. While `down` it accepts nothing."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.down = False

    def publish(self, event: Event) -> None:
        if self.down:
            raise Unavailable("the Broker is down")
        self.events.append(event)

    def close(self) -> None:
        """There is nothing to close."""

"""A Broker in this process's memory: keeps what it is given and delivers nothing."""

from __future__ import annotations

from shared.core.events import Event


class MemoryBroker:
    """An EventPublisher; `events` is what it accepted, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        """There is nothing to close."""

"""Events the Broker gave up on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event the Broker gave up on. Told of, counted, never obeyed."""

    event_id: str
    event_type: str
    subject: str
    destination: str
    status: str
    at: datetime


class DeadLetterStore(Protocol):
    """What the Broker could not deliver. Decides nothing about any job."""

    def add(self, letter: DeadLetter) -> None:
        """Keep it, newest first; only the newest 1,000 are kept, all are counted. Said twice, counted twice."""
        ...

    def newest(self, limit: int) -> Sequence[DeadLetter]: ...

    def count(self) -> int:
        """How many there ever were."""
        ...

"""Events the Broker gave up on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from shared.core.dead_letter import DeadLetter
from shared.core.events import Event
from shared.core.queue import Place

MOST_LETTERS: Final = 1000
"""Who died longest ago makes room; so does what is older than a finished job may get."""


class DeadLetterStore(Protocol):
    """What the Broker could not deliver. Decides nothing about any job."""

    def bury(self, letter: DeadLetter) -> bool:
        """Keep what `dead_letter.buried` makes of it; whether that is a death not told of before."""
        ...

    def get(self, letter_id: str) -> DeadLetter:
        """Raises: NotFound."""
        ...

    def page(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, DeadLetter]]:
        """Letters, who died last first, those behind `after`; none at all is the end."""
        ...

    def keep(self, before: DeadLetter, after: DeadLetter, event: Event | None) -> bool:
        """Replace `before` by `after`, with `event` in the outbox, if nobody else was faster; whether it was done."""
        ...

    def count(self) -> int:
        """How many deaths there ever were."""
        ...

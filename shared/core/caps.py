"""How many jobs a tenant may have waiting and being drawn, and how many may wait in all. 0: as many as they like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.core.errors import QueueFull

RETRY_AFTER: Final = 30
"""Seconds. A place comes free when a GPU takes a job, which takes minutes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    queued: int = 0
    queued_per_tenant: int = 0
    running_per_tenant: int = 0

    def admit(self, *, waiting: int, own: int) -> None:
        """Let one more job join, where so many wait in all and so many are the tenant's own.

        Raises: QueueFull.
        """
        if self.queued_per_tenant and own >= self.queued_per_tenant:
            raise QueueFull(
                f"you have {own} videos waiting, and {self.queued_per_tenant} are the most", retry_after=RETRY_AFTER
            )
        if self.queued and waiting >= self.queued:
            raise QueueFull("the queue is full", retry_after=RETRY_AFTER)

    def may_run(self, running: int) -> bool:
        """Whether a tenant of whom so many are being drawn may have one more."""
        return not self.running_per_tenant or running < self.running_per_tenant


NO_CAPS: Final = Caps()

"""What callers have spent of their rates."""

from __future__ import annotations

from typing import Protocol

from shared.core.rate import Rate, Spending


class RateStore(Protocol):
    """What callers have spent. All processes share it; the store's own clock counts. A lost answer may cost twice."""

    def spend(self, name: str, rate: Rate, *, need: int, want: int) -> Spending:
        """As `rate.spend` says, for the caller `name`. Who has their whole quota is forgotten."""
        ...

    def close(self) -> None: ...

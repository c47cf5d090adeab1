"""How many requests in what time: the generic cell rate algorithm (GCRA; ITU-T I.371, annex A). Pure.

One number is kept for each caller: the time at which their whole quota is there again. A unit moves it on by
`Rate.interval`, and it must not come to lie more than a whole quota ahead of now. So a quota may be
spent at once, and grows back evenly. Times are whole microseconds of any one clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECOND: Final = 10**6


@dataclass(frozen=True, slots=True)
class Rate:
    """`quota` units at once, and as many again in `window` seconds; at most one in a microsecond."""

    quota: int
    window: int

    @property
    def interval(self) -> int:
        """In which one unit grows back, rounded up."""
        return -(-self.window * SECOND // self.quota)

    @property
    def whole(self) -> int:
        """In which the whole quota grows back."""
        return self.quota * self.interval

    def shared(self, parts: int) -> Rate:
        """One of so many parts of it, but never nothing."""
        return Rate(max(self.quota // parts, 1), self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What came of asking for some units."""

    granted: int
    remaining: int
    """Units that could be had now."""
    retry_after: int
    """Until what was asked for can be had; 0 if it was granted."""
    reset: int
    """Until the whole quota is there again."""


def spend(rate: Rate, full_at: int, at: int, *, need: int, want: int) -> tuple[Spending, int]:
    """Take up to `want` units, or none if `need` of them cannot be had; what came of it, and the new `full_at`.

    `full_at` is the time at which the quota was to be whole, any past time if nobody asked before.
    """
    # Never more than a whole quota ahead: the clock may have gone back, or the rate may have been another.
    full_at = min(max(full_at, at), at + rate.whole)
    available = (at + rate.whole - full_at) // rate.interval
    granted = min(want, available) if available >= need else 0
    full_at += granted * rate.interval
    return told(rate, full_at, at, need=need, granted=granted), full_at


def told(rate: Rate, full_at: int, at: int, *, need: int, granted: int) -> Spending:
    """What follows from a decision that was made elsewhere."""
    room = at + rate.whole - full_at
    return Spending(
        granted=granted,
        remaining=room // rate.interval,
        retry_after=0 if granted else need * rate.interval - room,
        reset=full_at - at,
    )

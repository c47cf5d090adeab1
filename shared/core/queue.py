"""The queue as a whole: whether it is held, who waits, how long others did. What is drawn next is schedule.py's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final, Self

from shared.core.moment import micros, moment
from shared.core.priority import Priority

WAITS_KEPT: Final = timedelta(hours=1)
"""How far back waits are remembered."""
MOST_WAITS: Final = 1000
"""The newest so many of them."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The queue hands out nothing since then; `reason` is the owner's own word for it, or empty."""

    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a list ordered by time, real or virtual, then by id; so a walk can go on behind it."""

    at: datetime
    id: str

    def __str__(self) -> str:
        return f"{micros(self.at)}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises: ValueError: This was never written by `str`."""
        count, dot, name = text.partition(".")
        if not dot or not name or len(text) > 100 or not count.isascii() or not count.isdigit():
            raise ValueError("must be what the page before said in next")
        try:
            return cls(moment(int(count)), name)
        except OverflowError:
            raise ValueError("must be what the page before said in next") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The queue at one instant, of all tenants together."""

    pause: Pause | None
    waiting: int
    by_priority: Mapping[Priority, int]
    """Those that wait, by their priority."""
    running: int
    """Jobs that are held, by workers alive or lost."""
    alive: int
    """Those whose lease still runs: as many workers draw now."""
    oldest: timedelta
    waits: Sequence[timedelta]
    """How long jobs waited for their first worker that got it within WAITS_KEPT; MOST_WAITS at most."""


def told(view: QueueView, *, wake_limit: int) -> dict[str, Any]:
    """What everybody may know: numbers, of all tenants together. `wake_limit`: how many workers there can be."""
    pause = view.pause
    return {
        "object": "queue",
        "paused": pause is not None,
        "paused_at": int(pause.since.timestamp()) if pause else None,
        "waiting": view.waiting,
        "waiting_by_priority": {priority.value: view.by_priority[priority] for priority in Priority},
        "running": view.running,
        "oldest_wait_seconds": int(view.oldest.total_seconds()),
        "workers": {"drawing": view.alive, "limit": wake_limit},
        "waits": {
            "window_seconds": int(WAITS_KEPT.total_seconds()),
            "count": len(view.waits),
            "p50_seconds": _percentile(view.waits, 0.5),
            "p95_seconds": _percentile(view.waits, 0.95),
        },
    }


def _percentile(waits: Sequence[timedelta], share: float) -> float | None:
    """The wait that `share` of them did not exceed (nearest rank), in seconds; None where there are none."""
    if not waits:
        return None
    return round(sorted(waits)[ceil(share * len(waits)) - 1].total_seconds(), 3)

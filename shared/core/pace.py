"""How often it is worth asking after a job."""

from __future__ import annotations

from typing import Final

from shared.core.job import JobState

QUICKEST_MS: Final = 1000
SLOWEST_MS: Final = 10_000
_PER_PLACE_MS: Final = 250


def poll_after_ms(state: JobState, position: int | None) -> int | None:
    """Milliseconds until a caller should look again; None: never, it is over.

    Who stands far back in the queue misses nothing by looking seldom.
    """
    if state.is_final:
        return None
    if state is not JobState.QUEUED or position is None:
        return QUICKEST_MS
    return min(QUICKEST_MS + position * _PER_PLACE_MS, SLOWEST_MS)

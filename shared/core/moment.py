"""Times as whole microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    return (at - _EPOCH) // MICROSECOND


def moment(count: float) -> datetime:
    """Raises: OverflowError: No date is so far away."""
    return _EPOCH + int(count) * MICROSECOND

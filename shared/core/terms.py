"""On what terms a job is done: what its caller wants of it beyond the picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.core.priority import Priority


class Cache(StrEnum):
    """What finished videos of the same request are to a new one (reuse.py)."""

    OFF = "off"
    """Nothing, and it will be nothing to others."""
    USE = "use"
    """As good as a new one."""
    REFRESH = "refresh"
    """Out of date: it is drawn anew, and others may have this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Fixed when the job is created; the defaults are those of a caller who says nothing."""

    priority: Priority = Priority.NORMAL
    preview: bool = False
    """Whether pictures are wanted before the video is done."""
    preview_every: timedelta = timedelta(seconds=5)
    """How often, if they are."""
    crf: int = 18
    """H.264's constant rate factor of the file."""
    cache: Cache = Cache.OFF
    asked_seconds: float | None = None
    """The length that was named; drawn is the nearest that there is (VideoRequest)."""
    timeout: timedelta | None = None
    """How long after its creation the job must be done; None: whenever it is."""
    result_ttl: timedelta | None = None
    """How long the job is kept after its end; None: as long as the platform keeps any."""

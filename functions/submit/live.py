"""Opens streams of news about a tenant's videos. Knows no Flask."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from functions.submit.event_stream import EventStream
from functions.submit.handler import Videos
from functions.submit.lookout import Lookout
from functions.submit.watcher import Sight
from shared.core.access import Caller
from shared.core.standing import Mark

_MARGIN: Final = timedelta(seconds=30)
"""The Revision's clock runs already when a request comes in here, and it cuts streams off in mid-event."""
_SPREAD: Final = (0.8, 1.0)
"""Streams that began together do not end together."""


class Live:
    """Streams that are over before `request_timeout`."""

    def __init__(self, videos: Videos, lookout: Lookout, request_timeout: timedelta) -> None:
        self._videos = videos
        self._lookout = lookout
        self._life = max(request_timeout - _MARGIN, request_timeout / 2).total_seconds()

    def open(self, caller: Caller, job_id: str, last_event_id: str = "") -> EventStream | None:
        """The story of a video from its event `last_event_id` on, by default from how it stands now.

        None: that was its last event, there is nothing more to tell. The stream must be closed.

        Raises:
            NotFound; Busy: Too many watch.
        """
        watcher = self._lookout.watch(job_id, caller.tenant)
        try:
            first = Sight(self._videos.standing(caller, job_id), self._videos.shown)
        except BaseException:
            watcher.leave()
            raise
        mark, told = Mark.of(first.standing), Mark.read(last_event_id)
        if told == mark and first.standing.job.state.is_final:
            watcher.leave()
            return None
        if told is not None and told > mark:
            told = None  # nobody can have been told so much: the store was set back
        seconds = self._life * random.uniform(*_SPREAD)  # noqa: S311  hides nothing
        return EventStream(watcher, first, told, seconds)

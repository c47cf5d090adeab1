"""Waiting for a job on behalf of its caller, so that he need not ask so often. Knows no Flask.

The store is asked again and again in the request's own thread. Threads are few, so only some
requests may wait at a time; the others are answered at once, and ask again as they would anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import BoundedSemaphore
from threading import Event as Flag
from typing import Any, Final

from functions.submit.handler import Videos
from shared.core.access import Caller
from shared.core.errors import NotFound, TemporaryError
from shared.core.job import Job, JobState

PLACES: Final = 8
"""Requests that wait at a time: half of submit's threads (knative/submit.yaml)."""
LONGEST_S: Final = 30
_PAUSE_S: Final = 0.5


class Follower:
    """Waits on a tenant's videos, for as long as the process is not told to stop (`drain`)."""

    def __init__(self, videos: Videos, drain: Flag) -> None:
        self._videos = videos
        self._drain = drain
        self._places = BoundedSemaphore(PLACES)

    def changed(self, caller: Caller, video: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The Video as soon as its state is another than in `video`, at the latest after `seconds`.

        Raises: NotFound: It was deleted meanwhile.
        """
        before = JobState(video["state"])
        if before.is_final:
            return video
        return self._waited(caller, video, seconds, lambda job: job.state is not before)

    def ended(self, caller: Caller, video: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The Video as soon as it is over, at the latest after `seconds`.

        Never raises: whoever just queued this job must hear that he did, or he will queue another.
        """
        try:
            return self._waited(caller, video, seconds, lambda job: job.state.is_final)
        except (NotFound, TemporaryError):
            return video

    def _waited(
        self, caller: Caller, video: dict[str, Any], seconds: float, done: Callable[[Job], bool]
    ) -> dict[str, Any]:
        if not self._places.acquire(blocking=False):
            return video
        try:
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0 and not self._drain.wait(min(left, _PAUSE_S)):
                if done(self._videos.job(caller, video["id"])):
                    break
        finally:
            self._places.release()
        return self._videos.get(caller, video["id"])

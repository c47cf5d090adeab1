"""Waiting for a job on behalf of its caller, so that he need not ask so often. Knows no Flask."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from functions.submit.handler import Videos
from functions.submit.lookout import Lookout
from functions.submit.watcher import Watcher
from shared.core.access import Caller
from shared.core.errors import Busy, NotFound, TemporaryError
from shared.core.job import Job, JobState

LONGEST_S: Final = 30


class Follower:
    """Waits on a tenant's videos. Where too many do already, callers are answered at once, and ask again as ever."""

    def __init__(self, videos: Videos, lookout: Lookout) -> None:
        self._videos = videos
        self._lookout = lookout

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
        try:
            watcher = self._lookout.watch(video["id"], caller.tenant)
        except Busy:
            return video
        try:
            if not done(self._videos.job(caller, video["id"])):
                _wait(watcher, seconds, done)
        finally:
            watcher.leave()
        return self._videos.get(caller, video["id"])


def _wait(watcher: Watcher, seconds: float, done: Callable[[Job], bool]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not watcher.over:
        sight = watcher.next(left)
        if sight is not None and done(sight.standing.job):
            return

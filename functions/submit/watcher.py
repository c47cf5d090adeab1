"""One caller who waits for news of one job, and what he is told. Knows no Flask."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from threading import Event as Flag
from typing import Any

from shared.core.errors import NotFound
from shared.core.standing import Standing

Show = Callable[[Standing], dict[str, Any]]


class Sight:
    """A job as it was seen. What is told of it is made once for all who are told."""

    def __init__(self, standing: Standing, show: Show) -> None:
        self.standing = standing
        self._show = show

    @cached_property
    def text(self) -> str:
        """Its Video as one line of JSON."""
        return _line(self._video)

    @cached_property
    def preview(self) -> str:
        """Where its preview is, and which step that shows, as one line of JSON."""
        progress = self.standing.progress
        url, step = self._video["links"]["preview"], progress.preview_step if progress else None
        return _line({"id": self._video["id"], "url": url, "step": step})

    @cached_property
    def _video(self) -> dict[str, Any]:
        return self._show(self.standing)


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


class Watcher:
    """Used by one thread, which leaves at the end."""

    def __init__(self, job_id: str, leave: Callable[[Watcher], None]) -> None:
        self.job_id = job_id
        self.over = False
        """There will be no more news: the process stops. Who wants more comes again, to another."""
        self._leave = leave
        self._flag = Flag()
        self._sight: Sight | None = None
        self._gone = False

    def next(self, seconds: float) -> Sight | None:
        """The newest sight that was not given out yet, as soon as there is one; None after so long without.

        Raises: NotFound: The job is gone.
        """
        self._flag.wait(seconds)
        self._flag.clear()
        if self._gone:
            raise NotFound(f"there is no video {self.job_id}")
        sight, self._sight = self._sight, None
        return sight

    def leave(self) -> None:
        """Leaving twice is no error."""
        self._leave(self)

    def tell(self, sight: Sight | None) -> None:
        """None: it is gone."""
        self._sight, self._gone = sight, sight is None
        self._flag.set()

    def dismiss(self) -> None:
        self.over = True
        self._flag.set()

"""A job's story as server-sent events (HTML Living Standard, 9.2). Knows no Flask.

Each event's data is the whole Video and its id a mark of how far the story is told, so that a stream can go on
anywhere, from any instance, with nothing kept for it: who comes back is told what he missed as one event. A reader
who is slower than the story hears its newest part. Only `preview`, which says where a picture is, is not part of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

from functions.submit.watcher import Sight, Watcher
from shared.core.errors import NotFound
from shared.core.standing import Mark

HEARTBEAT_S: Final = 15.0
"""Silence that is broken with a comment: proxies take longer ones for a dead connection."""
_RETRY_MS: Final = (1000, 5000)
"""When to come back. Not all at once: a stop ends every stream of an instance at the same time."""


class EventStream:
    """What one caller is told, who knows the story up to `told`; it ends after `seconds`, with the job, or with us."""

    def __init__(self, watcher: Watcher, first: Sight, told: Mark | None, seconds: float) -> None:
        self._watcher = watcher
        self._first = first
        self._told = told
        self._position = first.standing.position
        self._preview = _preview_step(first) if told == Mark.of(first.standing) else None
        """The step of the preview that was told of last."""
        self._end = time.monotonic() + seconds

    def __iter__(self) -> Iterator[str]:
        yield f"retry: {random.randint(*_RETRY_MS)}\n\n"  # noqa: S311  spreads callers, hides nothing
        sight: Sight | None = self._first
        while True:
            if news := ": still here\n\n" if sight is None else self._news(sight) + self._picture(sight):
                yield news
            left = self._end - time.monotonic()
            if left <= 0 or self._watcher.over or (sight is not None and sight.standing.job.state.is_final):
                return
            try:
                sight = self._watcher.next(min(left, HEARTBEAT_S))
            except NotFound:
                return

    def close(self) -> None:
        """WSGI servers call it, whatever became of the caller."""
        self._watcher.leave()

    def _picture(self, sight: Sight) -> str:
        """The event of a preview that was not told of yet. It has no id: one that is lost is followed by another."""
        step = _preview_step(sight)
        if step is None or step == self._preview:
            return ""
        self._preview = step
        return f"event: preview\ndata: {sight.preview}\n\n"

    def _news(self, sight: Sight) -> str:
        """The event that leads from what was told to this sight; empty if nothing does."""
        standing, mark = sight.standing, Mark.of(sight.standing)
        moved = self._position != standing.position
        told = self._told
        # An older sight comes if it was on its way to others when this caller looked for himself.
        if told is not None and (mark < told or (mark == told and not moved)):
            return ""
        self._told, self._position = mark, standing.position
        if told is not None and mark.version == told.version:
            name = "progress"
        else:
            name = standing.job.state.value if standing.job.state.is_final else "state"
        return f"event: {name}\nid: {mark}\ndata: {sight.text}\n\n"


def _preview_step(sight: Sight) -> int | None:
    progress = sight.standing.progress
    return progress.preview_step if progress else None

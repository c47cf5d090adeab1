"""Word that jobs changed, while it happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol


class Listening(Protocol):
    """Hears of every job from its beginning to its end."""

    def heard(self, within: timedelta) -> frozenset[str] | None:
        """Ids of jobs that changed or reported, at once if there are any; empty: none did for so long.

        None: the listening began just now, and what happened before was not heard.

        Raises:
            Unavailable: What happens meanwhile is not heard. The next call begins again.
        """
        ...

    def close(self) -> None: ...


class Changes(Protocol):
    """Word that a job changed, its attempt reported, or it went. A wake-up: the JobStore has the truth.

    It may be lost, and an older version of a function may say none, so who listens looks for himself now and then.
    """

    def listen(self) -> Listening: ...

"""The way out to callers' URLs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from shared.core.delivery import Reply
from shared.core.web_hook import Answer


class WebhookSender(Protocol):
    """The only way out to a URL that a caller gave."""

    def check(self, url: str) -> None:
        """Judge a URL before it is kept.

        Raises:
            AddressRefused: With a sentence that names the rule and not what was found behind the name.
            Unresolved: Its host name cannot be looked up now; it may be a good one.
        """
        ...

    def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """POST once: no redirect, one deadline over the whole exchange. A fault is a Reply, not an exception."""
        ...

    def put(self, url: str, headers: Sequence[tuple[str, str]], body: Iterable[bytes], *, length: int) -> Reply:
        """PUT `length` bytes once, as they come from `body`, under the same walls and a longer deadline.

        What `body` raises comes out of here.
        """
        ...

    def ask(self, url: str, headers: Sequence[tuple[str, str]]) -> Answer:
        """OPTIONS once, under the same walls."""
        ...

    def close(self) -> None: ...

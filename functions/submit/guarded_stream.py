"""A stream that ends when its reader would no longer be let in. Knows no Flask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from shared.core.errors import Unavailable


class GuardedStream:
    """Asks before each part; what is known of keys is at most some seconds old (known_keys.py)."""

    def __init__(self, parts: Iterable[Any], is_welcome: Callable[[], bool]) -> None:
        self._parts = parts
        self._is_welcome = is_welcome

    def __iter__(self) -> Iterator[Any]:
        for part in self._parts:
            try:
                if not self._is_welcome():
                    return
            except Unavailable:
                return  # who comes again is told of it
            yield part

    def close(self) -> None:
        """WSGI servers call it; the parts may hold a place."""
        if callable(close := getattr(self._parts, "close", None)):
            close()

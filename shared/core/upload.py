"""Where a finished video may be sent (`output.upload_url`): to the hosts that the platform's owner named.

These are beside the rules for every URL of a caller's (addresses.py), which hold too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

EVERY: Final = "*"
"""Every host that callbacks may go to."""
BELOW: Final = "*."
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class UploadHosts:
    """Names of hosts; `*.` before one means all names below it."""

    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[str]) -> UploadHosts:
        """Raises: ValueError: One is no such name."""
        for word in words:
            if word != EVERY and _NAME.fullmatch(word.removeprefix(BELOW)) is None:
                raise ValueError(f"must be names of hosts like bucket.example.com or *.example.com, or *, not {word!r}")
        return cls(tuple(words))

    def __bool__(self) -> bool:
        return bool(self.names)

    def allow(self, url: str) -> bool:
        host = _host(url)
        return bool(host) and any(_matches(host, name) for name in self.names)


def told(url: str) -> str:
    """The URL as it may be shown: its query is what lets its holder write there."""
    return url.partition("?")[0]


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _matches(host: str, name: str) -> bool:
    return name in (EVERY, host) or (name.startswith(BELOW) and host.endswith(name.removeprefix(EVERY)))

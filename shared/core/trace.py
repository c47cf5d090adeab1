"""The trace that a request or an event belongs to (W3C Trace Context): passed on, and otherwise left alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

_PARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""What does not look like this is left out, as the standard says."""
_STATE: Final = re.compile(r"[!-~]([ -~]{0,510}[!-~])?")
"""As many characters of it as the standard asks everybody to pass on."""


@dataclass(frozen=True, slots=True)
class Trace:
    parent: str | None = None
    state: str | None = None

    @classmethod
    def heard(cls, parent: str, state: str) -> Self:
        """From the values of `traceparent` and `tracestate`; the second means nothing without the first."""
        if _PARENT.fullmatch(parent) is None:
            return cls()
        return cls(parent, state if _STATE.fullmatch(state) else None)

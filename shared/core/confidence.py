"""What a video's own webhook is given that nobody else may know: a secret to sign with, headers to send along."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Self

from shared.core.sealing import Sealer

MOST_HEADERS: Final = 8
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
VALUE: Final = re.compile(r"[!-~]([ -~]{0,1022}[!-~])?")
"""RFC 9110, 5.5, without what is not ASCII."""
_OURS: Final = ("webhook-", "ce-", "content-", "proxy-")
_NOT_THEIRS: Final = frozenset({
    "connection", "date", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
    "traceparent", "tracestate",
})  # fmt: skip
"""What frames or signs a callback is no caller's to say."""


def is_theirs(name: str) -> bool:
    """Whether a caller may have a header of that name sent."""
    return name.lower() not in _NOT_THEIRS and not name.lower().startswith(_OURS)


@dataclass(frozen=True, slots=True)
class Confidence:
    """`secret` signs in place of the platform's; None: that one does."""

    secret: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.secret is not None or bool(self.headers)

    def sealed(self, sealer: Sealer, url: str, nonce: bytes) -> str:
        """As it may lie in a store; it opens for this URL only. Raises: Unavailable: No key is set."""
        return sealer.seal(json.dumps(asdict(self)), nonce=nonce, purpose=_purpose(url))

    @classmethod
    def opened(cls, sealer: Sealer, url: str, sealed: str) -> Self:
        """Raises: Unavailable: It cannot be opened here."""
        return cls(**json.loads(sealer.open(sealed, purpose=_purpose(url))))


def _purpose(url: str) -> str:
    return f"webhook {url}"

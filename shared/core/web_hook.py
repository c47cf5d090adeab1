"""Asking a receiver whether it wants to be called: CloudEvents' HTTP 1.1 Web Hooks for Event Delivery, section 4."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.core.delivery import Reply
from shared.core.rate import Rate

REQUEST_ORIGIN: Final = "WebHook-Request-Origin"
REQUEST_RATE: Final = "WebHook-Request-Rate"
ALLOWED_ORIGIN: Final = "WebHook-Allowed-Origin"
ALLOWED_RATE: Final = "WebHook-Allowed-Rate"
ASKED_RATE: Final = 6000
"""Callbacks a minute. A receiver that is asked for a rate says which it allows."""
REFUSED: Final = "handshake_refused"
_NUMBER: Final = re.compile("[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver said to OPTIONS."""

    reply: Reply
    origin: str = ""
    rate: str = ""

    def consents(self, origin: str) -> bool:
        """Whether it wants to be called by `origin`, at a rate that can be read."""
        rate = self.rate in ("", "*") or _NUMBER.fullmatch(self.rate) is not None
        return self.reply.is_success and self.origin.lower() in ("*", origin.lower()) and rate

    @property
    def allowed_rate(self) -> int | None:
        """Callbacks a minute; None: as many as there are."""
        return int(self.rate) if _NUMBER.fullmatch(self.rate) else None


def origin(public_url: str) -> str:
    """The name under which we ask."""
    return urlsplit(public_url).hostname or "localhost"


def request(origin: str) -> tuple[tuple[str, str], ...]:
    return ((REQUEST_ORIGIN, origin), (REQUEST_RATE, str(ASKED_RATE)))


def account(endpoint_id: str) -> str:
    """Under which it is counted, whoever calls, what an endpoint takes of its rate."""
    return f"callbacks:{endpoint_id}"


def evenly(a_minute: int) -> Rate:
    """So many a minute, spread over it: what is allowed in all is not sent in its first second."""
    return Rate(a_minute // 60, 1) if a_minute >= 60 else Rate(1, -(-60 // a_minute))

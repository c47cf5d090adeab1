"""How a body is to be read, as its request says beside it: in headers, and in the query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from flask import request

from functions.submit.drafts import Manners
from shared.core.addresses import MAX_URL
from shared.core.aliases import Aside
from shared.core.operation import Argument
from shared.core.trace import Trace

CALLBACK: Final = "X-Callback-Url"
CANCEL_AFTER: Final = "Cancel-After"
"""Replicate's, as `90s`, `5m`, `1h30m` or a number of seconds: when the whole job must be done."""
FAL_TIMEOUT: Final = "X-Fal-Request-Timeout"
"""fal's time to start, in seconds: how long the job may wait in the queue."""
FAL_WEBHOOK: Final = "fal_webhook"
PARENT: Final = "traceparent"
STATE: Final = "tracestate"
_URL: Final = {"type": "string", "format": "uri", "minLength": 1, "maxLength": MAX_URL}
ARGUMENTS: Final = (
    Argument(CALLBACK, "Says `webhook`, beside the body.", _URL, "header"),
    Argument(FAL_WEBHOOK, "Says `webhook`, beside the body.", _URL),
    Argument(
        CANCEL_AFTER, "Says `timeout_seconds`, beside the body: `90s`, `5m`, `1h30m` or a number.", place="header"
    ),
    Argument(FAL_TIMEOUT, "Says `queue_ttl_seconds`, beside the body.", {"type": "number", "minimum": 1}, "header"),
    Argument(
        PARENT, "The trace that it belongs to (W3C Trace Context); its events and callbacks carry it.", place="header"
    ),
    Argument(STATE, "What tracers want to hear again with it.", place="header"),
)
_LENIENT: Final = re.compile(r'(?:^|,)\s*handling\s*=\s*"?lenient"?\s*(?=[,;]|$)', re.IGNORECASE)
_DURATION: Final = re.compile("(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9})s)?")
_SECONDS: Final = re.compile(r"([0-9]{1,9})(\.[0-9]{1,9})?")


def manners() -> Manners:
    """Those of the present request. `Prefer: handling=lenient` is RFC 7240's."""
    lenient = _LENIENT.search(request.headers.get("Prefer", "")) is not None
    trace = Trace.heard(request.headers.get(PARENT, ""), request.headers.get(STATE, ""))
    return Manners(tuple(_asides()), lenient, trace)


def _asides() -> Iterator[Aside]:
    if (url := request.headers.get(CALLBACK)) is not None:
        yield Aside("webhook", url, f"the header {CALLBACK}")
    if (url := request.args.get(FAL_WEBHOOK)) is not None:
        yield Aside("webhook", url, f"?{FAL_WEBHOOK}=")
    if (text := request.headers.get(CANCEL_AFTER)) is not None:
        yield Aside("timeout_seconds", _duration(text), f"the header {CANCEL_AFTER}")
    if (text := request.headers.get(FAL_TIMEOUT)) is not None:
        yield Aside("queue_ttl_seconds", _whole(text), f"the header {FAL_TIMEOUT}")


def _duration(text: str) -> Any:
    """A number of seconds; what is none stays text, for the schema to refuse."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return _whole(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _whole(text: str) -> Any:
    """A number of seconds, rounded up; what is none stays text, for the schema to refuse."""
    match = _SECONDS.fullmatch(text)
    return int(match[1]) + (match[2] is not None and float(match[2]) > 0) if match else text

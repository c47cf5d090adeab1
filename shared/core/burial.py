"""Reading what the Broker gave up on. It takes anything: a dead letter that is refused is lost for good. No I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from shared.core import dead_letter
from shared.core.dead_letter import DeadLetter, Death
from shared.core.events import HOPS, SOURCE
from shared.core.wire import STRUCTURED, Headers

_LONGEST: Final = 255
_CODE: Final = re.compile(r"[a-z][a-z_]{0,63}")
_STATUS: Final = re.compile(r"-1|[0-9]{1,4}")
"""-1: there was no answer."""
_HOPS: Final = re.compile(r"[0-9]{1,6}")


def letter(headers: Headers, body: bytes, at: datetime) -> DeadLetter:
    """The letter that an HTTP message brings, however little of it can be read. Its data are not looked at."""
    said = _attributes(headers, body)
    source, event_id = said.get("source", ""), said.get("id", "")
    if not event_id:
        event_id = f"unreadable_{hashlib.sha256(body).hexdigest()[:16]}"
    destination = _destination(said.get("knativeerrordest", ""))
    status = said.get("knativeerrorcode", "")
    death = Death(at, status if _STATUS.fullmatch(status) else "", _code(said.get("knativeerrordata", "")))
    hops = said.get(HOPS, "")
    return DeadLetter(
        id=dead_letter.letter_id(source, event_id, destination),
        event_id=event_id,
        event_type=said.get("type", ""),
        source=source,
        # What others call their subjects is theirs to know.
        subject=said.get("subject", "") if source == SOURCE else "",
        destination=destination,
        first=death,
        last=death,
        hops=int(hops) if _HOPS.fullmatch(hops) else 0,
    )


def _attributes(headers: Headers, body: bytes) -> Mapping[str, str]:
    named = {name.lower(): value for name, value in headers.items()}
    if named.get("content-type", "").partition(";")[0].strip().lower() == STRUCTURED:
        said = _json(body)
    else:
        said = {name[3:]: unquote(value) for name, value in named.items() if name.startswith("ce-")}
    if not isinstance(said, dict):
        return {}
    return {name: _line(name, value) for name, value in said.items() if isinstance(value, str)}


def _line(name: str, text: str) -> str:
    if name == "knativeerrordata":
        return text
    return "".join(char if char.isprintable() else " " for char in text)[:_LONGEST]


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _destination(text: str) -> str:
    """Where it should have gone, less what may be secret in an address."""
    try:
        parts = urlsplit(text)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}" if host else ""


def _code(data: str) -> str:
    """The code in an answer of ours (problems.py), of which Knative keeps 1,024 bytes; anybody else's is not kept."""
    try:
        text = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return ""
    found = _json(text)
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

"""The two ways in which Knative writes a span of time."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from local.manifests.nodes import Value

_ISO: Final = re.compile(
    r"P(?=.)(?:(?P<days>\d+)D)?(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_GO: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_GO_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNITS: Final = {
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def iso(text: str) -> timedelta | None:
    """`PT2S`, `PT1M30S`, `PT0.2S`: in a delivery. None for other text."""
    found = _ISO.fullmatch(text)
    return found and timedelta(**{unit: float(number) for unit, number in found.groupdict().items() if number})


def go(text: str) -> timedelta | None:
    """`60s`, `1m30s`: in an annotation. None for other text."""
    if not _GO.fullmatch(text):
        return None
    return sum((float(number) * _UNITS[unit] for number, unit in _GO_PART.findall(text)), timedelta())


def iso_duration(value: Value) -> timedelta:
    found = iso(value.text())
    if found is None:
        raise value.error(f"{value.text()!r} is not an ISO 8601 duration like PT2S")
    return found


def go_duration(value: Value) -> timedelta:
    found = go(value.text())
    if found is None:
        raise value.error(f"{value.text()!r} is not a Go duration like 60s or 1m30s")
    return found


def span(value: Value, least: timedelta, most: timedelta) -> timedelta:
    """A Go duration between bounds, in whole seconds."""
    found = go_duration(value)
    if not least <= found <= most or found % timedelta(seconds=1):
        raise value.error(f"must be whole seconds from {least.total_seconds():g}s to {most.total_seconds():g}s")
    return found

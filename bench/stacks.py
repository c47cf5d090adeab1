"""Reads py-spy's raw stacks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

_LIBRARIES = ("redis", "httpcore", "pydantic", "gunicorn", "werkzeug", "flask", "json", "prometheus_client", "gevent")
_OURS = ("functions/", "shared/")


def shares(raw: Path) -> list[tuple[str, float]]:
    """Each library's share of the samples, the largest first: that of the innermost frame which belongs to one of
    ours. A library that works for another one counts for who called it: gevent's sockets for redis or gunicorn."""
    counted: Counter[str] = Counter()
    for line in raw.read_text().splitlines():
        stack, _, samples = line.rpartition(" ")
        owner = _owner(stack.split(";"))
        if owner:
            counted[owner] += int(samples)
    total = sum(counted.values()) or 1
    return [(name, count / total) for name, count in counted.most_common(9)]


def _owner(frames: list[str]) -> str:
    """The first known one from the inside, passing gevent by; idle threads have none."""
    for frame in reversed(frames):
        place = frame.rpartition("(")[2]
        if place.startswith(_OURS):
            return "our own code"
        library = place.split("/")[0]
        if library in _LIBRARIES and library != "gevent":
            return library
    return ""

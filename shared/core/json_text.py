"""JSON as RFC 8259 has it: Python's own reader takes NaN, and gives up on deep nesting in another way."""

from __future__ import annotations

import json
from typing import Any


def read(text: str | bytes) -> object:
    """Raises: ValueError: This is no JSON."""
    return _read(text)


def read_once(text: str | bytes) -> object:
    """As `read`, and no object may say a name twice: two readers could hear two things.

    Raises: ValueError.
    """
    return _read(text, object_pairs_hook=_once)


def _read(text: str | bytes, **hooks: Any) -> object:
    try:
        value: object = json.loads(text, parse_constant=_no_number, **hooks)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is said twice")
    return found


def _no_number(word: str) -> None:
    """NaN and Infinity."""
    raise ValueError(word)

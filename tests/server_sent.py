"""Reads server-sent events as a browser does (HTML Living Standard, 9.2.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One event, or a comment or retry hint (`event` is then empty)."""

    event: str
    id: str
    data: Any
    said: str = ""

    @property
    def state(self) -> tuple[str, str]:
        return self.event, self.data["state"]


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """What comes out of a response's chunks, wherever they are cut."""
    buffer = ""
    for chunk in chunks:
        buffer += chunk.decode()
        while "\n\n" in buffer:
            block, _, buffer = buffer.partition("\n\n")
            yield _message(block)
    assert not buffer, f"cut off in mid-event: {buffer!r}"


def _message(block: str) -> Message:
    if block.startswith((":", "retry:")):
        return Message("", "", None, block)
    fields = dict(line.split(": ", 1) for line in block.split("\n"))
    assert {"event", "data"} == fields.keys() - {"id"}
    assert ("id" in fields) == (fields["event"] != "preview")
    return Message(fields["event"], fields.get("id", ""), json.loads(fields["data"]))


def events(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Without comments and hints."""
    return (message for message in messages(chunks) if message.event)

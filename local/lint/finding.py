"""One thing that is wrong, and how to put it right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Place = tuple[str | int, ...]
"""Where in an object: names of fields and places in lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule found: it knows its place in an object, but not yet in which file that stands."""

    at: Place
    what: str
    mend: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    file: Path
    line: int
    rule: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.what} Mend: {self.mend}"

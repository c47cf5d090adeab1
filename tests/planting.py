"""Faults planted in a copy of the manifests, for those who read them: `local.manifests` and `local.lint`."""

from __future__ import annotations

from pathlib import Path


def plant(place: Path, name: str, old: str, new: str, said: str) -> tuple[str, int, str]:
    """Spoil one file below `place`; returns the file and the line that must be named, and what must be said of it.

    `@@` stands on the line to be named. Where that line is not in `new`, it is quoted after `@@` in `said`, behind its
    file and a colon if that is another one.
    """
    text = (place / name).read_text()
    assert old in text
    text = text.replace(old, new, 1)
    (place / name).write_text(text.replace("@@", ""))
    said, _, quoted = said.partition("@@")
    other, colon, rest = quoted.partition(":")
    if colon and "/" in other and (place / other).is_file():
        name, quoted = other, rest
        text = (place / name).read_text()
    lines = enumerate(text.splitlines(), start=1)
    return name, next(number for number, line in lines if (quoted or "@@") in line), said

"""How urgent a job is to its caller."""

from __future__ import annotations

from enum import StrEnum


class Priority(StrEnum):
    """Three classes. What they mean for the order of the queue says schedule.py."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"

    @property
    def level(self) -> int:
        """0, 1 or 2: the other way to write it, and how two are compared."""
        return list(Priority).index(self)


def named(value: object) -> Priority:
    """The priority that `value` names, by its word or its number. Raises: ValueError."""
    for priority in Priority:
        if value in (priority.value, str(priority.level)) or (type(value) is int and value == priority.level):
            return priority
    raise ValueError(f"must be {', '.join(Priority)}, or 0 to {len(Priority) - 1}")

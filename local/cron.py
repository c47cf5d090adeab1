"""Five-field cron in UTC, as PingSource understands it: minute, hour, day, month, weekday."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_HORIZON: Final = timedelta(days=366 * 8)
"""Every date comes back within this time; 29 February may skip a century's leap year."""


class BadSchedule(ValueError):
    """Not a schedule; the message says which field is wrong."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def read(self, text: str) -> frozenset[int]:
        try:
            values = frozenset(value for part in text.split(",") for value in self._part(part.lower()))
        except ValueError:
            raise BadSchedule(f"{self.name} {text!r} is not within {self.low}-{self.high}") from None
        return values

    def _part(self, part: str) -> range:
        span, _, step = part.partition("/")
        every = int(step) if step else 1
        if span in {"*", "?"}:
            low, high = self.low, self.high
        else:
            first, _, last = span.partition("-")
            low = self._number(first)
            high = self._number(last) if last else self.high if step else low
        if every < 1 or not self.low <= low <= high <= self.high:
            raise ValueError
        return range(low, high + 1, every)

    def _number(self, text: str) -> int:
        return self.names.index(text) + self.low if text in self.names else int(text)


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 6, _DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to tick. Day and weekday are joined by "or" when neither is `*`, as cron does."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def after(self, at: datetime) -> datetime:
        """The first tick strictly after `at`.

        Raises:
            BadSchedule: There is none, as for 30 February.
        """
        tick = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while tick - at < _HORIZON:
            if tick.month not in self.months or not self._on(tick):
                tick = tick.replace(hour=0, minute=0) + timedelta(days=1)
            elif tick.hour not in self.hours:
                tick = tick.replace(minute=0) + timedelta(hours=1)
            elif tick.minute not in self.minutes:
                tick += timedelta(minutes=1)
            else:
                return tick
        raise BadSchedule("the schedule never comes")

    def _on(self, tick: datetime) -> bool:
        by_day = tick.day in self.days
        by_weekday = tick.isoweekday() % 7 in self.weekdays
        return by_day or by_weekday if self.either_day else by_day and by_weekday


@dataclass(frozen=True, slots=True)
class Every:
    """Ticks at a steady pace, whatever the clock on the wall says."""

    length: timedelta

    def after(self, at: datetime) -> datetime:
        return at + self.length


def read(text: str) -> Schedule:
    """Raises: BadSchedule."""
    words = text.split()
    if len(words) != len(_FIELDS):
        raise BadSchedule(f"a schedule has five fields, {text!r} has {len(words)}")
    minutes, hours, days, months, weekdays = (field.read(word) for field, word in zip(_FIELDS, words, strict=True))
    either = not words[2].startswith(("*", "?")) and not words[4].startswith(("*", "?"))
    return Schedule(minutes, hours, days, months, weekdays, either)

"""What stands in Redis as text: domain objects as JSON, times as whole microseconds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter

from shared.core.api_key import ApiKey
from shared.core.counted_call import Answered
from shared.core.dead_letter import DeadLetter
from shared.core.delivery import Delivery
from shared.core.endpoint import Endpoint
from shared.core.events import Event
from shared.core.job import Job
from shared.core.moment import MICROSECOND
from shared.core.progress import Progress
from shared.core.queue import Pause
from shared.core.request_key import KeyUse
from shared.core.run import Run

T = TypeVar("T")


class Codec(Generic[T]):
    """One type's way to JSON and back. A field that this version does not know is not read.

    So many of the values read last are `kept`, and handed out again for the same text: who waits for
    a job reads it over and over. They are shared, so nobody may change one.
    """

    def __init__(self, type_: type[T], *, kept: int = 0) -> None:
        self._adapter = TypeAdapter(type_)
        self._read = lru_cache(kept)(self._adapter.validate_json)

    def dump(self, value: T) -> str:
        return self._adapter.dump_json(value).decode()

    def dump_over(self, value: T, stored: str | None) -> str:
        """`value` in place of what is stored: what a newer version keeps there, and we cannot read, stays."""
        text = self.dump(value)
        if stored is None:
            return text
        ours = json.loads(text)
        both = _merged(json.loads(stored), ours)
        return text if both == ours else json.dumps(both, separators=(",", ":"), ensure_ascii=False)

    def load(self, text: str) -> T:
        return self._read(text)


def _merged(stored: Any, ours: Any) -> Any:
    if not isinstance(stored, dict) or not isinstance(ours, dict):
        return ours
    known = {name: _merged(stored.get(name), value) for name, value in ours.items()}
    return {name: value for name, value in stored.items() if name not in ours} | known


JOB: Final = Codec(Job, kept=1024)
EVENT: Final = Codec(Event)
DELIVERY: Final = Codec(Delivery)
PAUSE: Final = Codec(Pause)
PROGRESS: Final = Codec(Progress)
KEY_USE: Final = Codec(KeyUse)
ANSWERED: Final = Codec(Answered)
DEAD_LETTER: Final = Codec(DeadLetter)
RUN: Final = Codec(Run)
API_KEY: Final = Codec(ApiKey)
ENDPOINTS: Final = Codec(dict[str, Endpoint])


def span(length: timedelta) -> int:
    """A length of time in microseconds."""
    return length // MICROSECOND


def millis(length: timedelta) -> str:
    """A time to live for PX and PEXPIRE: at least one millisecond, since zero is refused."""
    return str(max(length // timedelta(milliseconds=1), 1))


def pairs(flat: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Members and scores of a WITHSCORES reply, which lists them in turn."""
    each = iter(flat)
    return zip(each, each, strict=True)

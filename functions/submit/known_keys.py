"""Stored API keys as this process knows them. Knows no Flask.

The store is asked for a key every few seconds, not at every request. What was read of it is
believed for LAST_S at most, counted from before the question: so long a revocation may take to
be heard of, here and in every other process. When the store does not answer for longer, nobody
whose key must be looked up comes in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Final

from shared.core import access
from shared.core.access import Caller
from shared.core.api_key import digest, opens
from shared.core.errors import Unavailable
from shared.ports import KeyStore, Sighting

FRESH_S: Final = 3.0
"""For so long nobody asks again."""
LAST_S: Final = 5.0
"""For so long what was read is believed if the store does not answer."""
_PAUSE_S: Final = 1.0
"""Between two questions about the same key while the store is away."""
MOST: Final = 4096
MOST_STRANGE: Final = 1024
"""Ids that stand for nothing, on a shelf of their own: who guesses must not push out those that are good."""


@dataclass(slots=True)
class _Known:
    sighting: Sighting
    seen: float
    due: float


class _Shelf:
    """What was last used of at most `most` ids."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def take(self, key_id: str) -> _Known | None:
        if key_id in self._known:
            self._known.move_to_end(key_id)
        return self._known.get(key_id)

    def put(self, key_id: str, known: _Known) -> None:
        self._known[key_id] = known
        self._known.move_to_end(key_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def drop(self, key_id: str) -> None:
        self._known.pop(key_id, None)


class KnownKeys:
    """Callers by stored keys. `peppers`: the present one first; any thread may use it."""

    def __init__(
        self, store: KeyStore, peppers: Sequence[str], *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._peppers = peppers
        self._monotonic = monotonic
        self._lock = Lock()
        self._there, self._strange = _Shelf(MOST), _Shelf(MOST_STRANGE)
        self._questions: dict[str, Future[_Known]] = {}
        """One at a time about a key: who has nothing to go on with waits for the answer to the first."""

    def caller(self, shown: str) -> Caller | None:
        """Whose key this is; None when it opens nothing. Raises: Unavailable: That cannot be told now."""
        key_id = access.key_id(shown)
        if key_id is None or not self._peppers:
            return None
        known = self._present(key_id)
        entry = known.sighting.entry
        if entry is None:
            return None
        at = known.sighting.at + timedelta(seconds=self._monotonic() - known.seen)
        return entry.caller if opens(entry, [digest(shown, pepper) for pepper in self._peppers], at) else None

    def _present(self, key_id: str) -> _Known:
        now = self._monotonic()
        with self._lock:
            known = self._there.take(key_id) or self._strange.take(key_id)
            if known is not None and now < known.due:
                return known
            answer = self._questions.get(key_id)
            if is_first := answer is None:
                answer = self._questions[key_id] = Future()
        if not is_first and known is not None and now - known.seen < LAST_S:
            return known
        try:
            return self._ask(key_id, now, answer) if is_first else answer.result()
        except Unavailable:
            if known is None or self._monotonic() - known.seen >= LAST_S:
                raise
            known.due = min(now + _PAUSE_S, known.seen + LAST_S)
            return known

    def _ask(self, key_id: str, now: float, answer: Future[_Known]) -> _Known:
        """Put the question, and give its answer to all who wait for it."""
        try:
            known = _Known(self._store.sight(key_id), seen=now, due=now + FRESH_S)
        except BaseException as error:
            with self._lock:
                del self._questions[key_id]
            answer.set_exception(error)
            raise
        is_there = known.sighting.entry is not None
        here, other = (self._there, self._strange) if is_there else (self._strange, self._there)
        with self._lock:
            here.put(key_id, known)
            other.drop(key_id)
            del self._questions[key_id]
        answer.set_result(known)
        return known

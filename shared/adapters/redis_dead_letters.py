"""The DeadLetterStore on Redis or Valkey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from shared.adapters import redis_index, redis_walk
from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import DEAD_LETTER, millis
from shared.adapters.redis_commit import Command, commit, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.dead_letter import DeadLetter, buried
from shared.core.errors import NotFound, Unavailable
from shared.core.events import Event
from shared.core.moment import micros
from shared.core.queue import Place
from shared.ports.dead_letters import MOST_LETTERS

_TRIES: Final = 20


class RedisDeadLetterStore:
    """`life`: how long a letter is kept after its last death or redrive."""

    def __init__(self, redis: RedisConnection, life: timedelta) -> None:
        self._redis = redis
        self._life = life

    def bury(self, letter: DeadLetter) -> bool:
        key = keys.dead_letter(letter.id)
        for _ in range(_TRIES):
            stored, oldest = look(
                self._redis, ("GET", key), ("ZRANGE", keys.DEAD_LETTERS, "0", str(-MOST_LETTERS))
            ).replies
            before = None if stored is None else DEAD_LETTER.load(stored)
            after = buried(before, letter)
            if after == before:
                return False
            writes = [*self._kept(after), ("INCR", keys.DEAD_LETTER_COUNT), *(_gone(oldest) if before is None else ())]
            if stored is None and create(self._redis, [("absent", key)], writes):
                return True
            if stored is not None and commit(self._redis, key, stored, DEAD_LETTER.dump(after), writes) == (
                DEAD_LETTER.dump(after)
            ):
                return True
        raise Unavailable(f"{letter.id} is changed too often at the same time")

    def get(self, letter_id: str) -> DeadLetter:
        stored = look(self._redis, ("GET", keys.dead_letter(letter_id))).replies[0]
        if stored is None:
            raise NotFound(f"there is no dead letter {letter_id}")
        return DEAD_LETTER.load(stored)

    def page(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, DeadLetter]]:
        while places := redis_walk.places(self._redis, keys.DEAD_LETTERS, limit, after, newest_first=True):
            texts = look(self._redis, *(("GET", keys.dead_letter(place.id)) for place in places)).replies
            found = [(place, text) for place, text in zip(places, texts, strict=True) if text is not None]
            if lost := [place.id for place, text in zip(places, texts, strict=True) if text is None]:
                write(self._redis, ("ZREM", keys.DEAD_LETTERS, *lost))  # their records expired
            if found:
                return [(place, DEAD_LETTER.load(text)) for place, text in found]
            after = places[-1]
        return []

    def keep(self, before: DeadLetter, after: DeadLetter, event: Event | None) -> bool:
        key, wanted = keys.dead_letter(before.id), DEAD_LETTER.dump(after)
        view = look(self._redis, ("GET", key))
        stored: str | None = view.replies[0]
        if stored is None or DEAD_LETTER.load(stored) != before:
            return False
        row = redis_index.outbox_row(event, view.at) if event is not None else ()
        return commit(self._redis, key, stored, wanted, [*self._kept(after), *row]) == wanted

    def count(self) -> int:
        return int(look(self._redis, ("GET", keys.DEAD_LETTER_COUNT)).replies[0] or 0)

    def _kept(self, letter: DeadLetter) -> Iterator[Command]:
        yield "SET", keys.dead_letter(letter.id), DEAD_LETTER.dump(letter), "PX", millis(self._life)
        yield "ZADD", keys.DEAD_LETTERS, str(micros(letter.last.at)), letter.id


def _gone(letter_ids: Sequence[str]) -> Iterator[Command]:
    for letter_id in letter_ids:
        yield "DEL", keys.dead_letter(letter_id)
        yield "ZREM", keys.DEAD_LETTERS, letter_id

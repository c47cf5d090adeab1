"""The KeyStore on Redis or Valkey."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import API_KEY
from shared.adapters.redis_commit import Command, commit, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.api_key import ApiKey, Change, changed
from shared.core.errors import Conflict, NotFound, Unavailable
from shared.ports import MAX_KEYS, KeyPage, Sighting

_TRIES: Final = 20
"""How often others may change an entry between our reading and our writing. Each time one of them got on."""


class RedisKeyStore:
    def __init__(self, redis: RedisConnection, *, most: int = MAX_KEYS) -> None:
        self._redis = redis
        self._most = most

    def now(self) -> datetime:
        return look(self._redis).at

    def add(self, entry: ApiKey) -> None:
        # Not in one transaction with the writing: a few at the same time may pass the bound together.
        if int(look(self._redis, ("ZCARD", keys.API_KEYS)).replies[0]) >= self._most:
            raise Conflict(f"there are {self._most} keys; delete some", code="too_many_keys")
        name = keys.api_key(entry.id)
        writes: list[Command] = [("SET", name, API_KEY.dump(entry)), ("ZADD", keys.API_KEYS, "0", entry.id)]
        # Not written may mean that it was, by a try whose answer was lost.
        if not create(self._redis, [("absent", name)], writes) and self.sight(entry.id).entry != entry:
            raise Conflict(f"there is another key {entry.id}", code="key_exists")

    def sight(self, key_id: str) -> Sighting:
        view = look(self._redis, ("GET", keys.api_key(key_id)))
        stored = view.replies[0]
        return Sighting(view.at, None if stored is None else API_KEY.load(stored))

    def apply(self, key_id: str, change: Change) -> ApiKey:
        name = keys.api_key(key_id)
        for _ in range(_TRIES):
            view = look(self._redis, ("GET", name))
            stored = view.replies[0]
            if stored is None:
                raise NotFound(f"there is no key {key_id}")
            after = changed(API_KEY.load(stored), change, view.at)
            wanted = API_KEY.dump(after)
            if commit(self._redis, name, stored, wanted, [("SET", name, wanted)]) == wanted:
                return after
        raise Unavailable(f"the key {key_id} is changed too often at the same time")

    def page(self, *, limit: int, after: str | None = None) -> KeyPage:
        first = "-" if after is None else f"({after}"
        command = ("ZRANGE", keys.API_KEYS, first, "+", "BYLEX", "LIMIT", "0", str(limit + 1))
        while True:
            ids = look(self._redis, command).replies[0]
            texts = look(self._redis, *(("GET", keys.api_key(i)) for i in ids)).replies
            lost = [i for i, text in zip(ids, texts, strict=True) if text is None]
            if not lost:
                return KeyPage([API_KEY.load(text) for text in texts[:limit]], has_more=len(ids) > limit)
            write(self._redis, ("ZREM", keys.API_KEYS, *lost))  # deleted between the two looks

    def delete(self, key_id: str) -> None:
        if self.sight(key_id).entry is None:
            raise NotFound(f"there is no key {key_id}")
        write(self._redis, ("DEL", keys.api_key(key_id)), ("ZREM", keys.API_KEYS, key_id))

"""The DeadLetterStore on Redis or Valkey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import DEAD_LETTER
from shared.adapters.redis_commit import look, write
from shared.adapters.redis_connection import RedisConnection
from shared.ports import DeadLetter

_KEPT: Final = 1000


class RedisDeadLetterStore:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def add(self, letter: DeadLetter) -> None:
        write(
            self._redis,
            ("LPUSH", keys.DEAD_LETTERS, DEAD_LETTER.dump(letter)),
            ("LTRIM", keys.DEAD_LETTERS, "0", str(_KEPT - 1)),
            ("INCR", keys.DEAD_LETTER_COUNT),
        )

    def newest(self, limit: int) -> Sequence[DeadLetter]:
        rows = look(self._redis, ("LRANGE", keys.DEAD_LETTERS, "0", str(limit - 1))).replies[0]
        return [DEAD_LETTER.load(row) for row in rows]

    def count(self) -> int:
        return int(look(self._redis, ("GET", keys.DEAD_LETTER_COUNT)).replies[0] or 0)

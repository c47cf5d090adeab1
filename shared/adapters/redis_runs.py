"""The RunStore on Redis or Valkey."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import RUN
from shared.adapters.redis_commit import look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.run import Run
from shared.ports import KEPT_RUNS


class RedisRunStore:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def add(self, run: Run) -> None:
        key = keys.runs(run.work.model)
        write(self._redis, ("LPUSH", key, RUN.dump(run)), ("LTRIM", key, "0", str(KEPT_RUNS - 1)))

    def recent(self, models: Sequence[str]) -> Sequence[Run]:
        replies = look(self._redis, *(("LRANGE", keys.runs(model), "0", "-1") for model in models)).replies
        return [RUN.load(text) for texts in replies for text in texts]

"""The Outbox on Redis or Valkey. Rows are written by the RedisJobStore's commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import EVENT
from shared.adapters.redis_commit import look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.events import Event
from shared.core.moment import moment


class RedisOutbox:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def unsent(self, *, older_than: timedelta, limit: int) -> Sequence[Event]:
        view = look(self._redis, ("ZRANGE", keys.OUTBOX, "0", str(limit - 1), "WITHSCORES"))
        flat = iter(view.replies[0])
        ids = [i for i, score in zip(flat, flat, strict=True) if moment(float(score)) <= view.at - older_than]
        if not ids:
            return []
        rows = look(self._redis, ("HMGET", keys.EVENTS, *ids)).replies[0]
        return [EVENT.load(row) for row in rows if row is not None]  # None: sent between the two looks

    def sent(self, event_id: str) -> None:
        write(self._redis, ("ZREM", keys.OUTBOX, event_id), ("HDEL", keys.EVENTS, event_id))

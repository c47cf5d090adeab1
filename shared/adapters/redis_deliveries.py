"""The DeliveryStore on Redis or Valkey. Deliveries are born in the RedisJobStore's commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import DELIVERY, millis
from shared.adapters.redis_commit import Command, View, commit, look
from shared.adapters.redis_connection import RedisConnection
from shared.core.delivery import Delivery, DeliveryState
from shared.core.errors import Unavailable
from shared.core.moment import micros, moment

_WINDOW: Final = 16
_ROUNDS: Final = 100


class RedisDeliveryStore:
    """Deliveries on one server or cluster; a finished one is kept for `retention`."""

    def __init__(self, redis: RedisConnection, retention: timedelta) -> None:
        self._redis = redis
        self._retention = retention

    def take(self, hold: timedelta) -> Delivery | None:
        for _ in range(_ROUNDS):
            window = look(self._redis, ("ZRANGE", keys.DELIVERIES, "0", str(_WINDOW - 1), "WITHSCORES"))
            flat = iter(window.replies[0])
            due = [i for i, score in zip(flat, flat, strict=True) if moment(float(score)) <= window.at]
            if not due:
                return None
            rows = look(self._redis, *(("GET", keys.delivery(i)) for i in due))
            taken = self._first(rows, hold)
            if taken is not None:
                return taken
        raise Unavailable("too many take deliveries at the same time")

    def keep(self, before: Delivery, after: Delivery) -> bool:
        stored = look(self._redis, ("GET", keys.delivery(before.id))).replies[0]
        present = DELIVERY.load(stored) if stored is not None else None
        if present == after:
            return True
        return present == before and self._replace(stored, after)

    def of_job(self, job_id: str) -> Sequence[Delivery]:
        ids = look(self._redis, ("SMEMBERS", keys.deliveries_of(job_id))).replies[0]
        rows = look(self._redis, *(("GET", keys.delivery(i)) for i in ids)).replies
        found = (DELIVERY.load(row) for row in rows if row is not None)
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def due(self) -> int:
        at = micros(look(self._redis).at)
        count: int = look(self._redis, ("ZCOUNT", keys.DELIVERIES, "-inf", str(at))).replies[0]
        return count

    def next_due(self) -> datetime | None:
        first = look(self._redis, ("ZRANGE", keys.DELIVERIES, "0", "0", "WITHSCORES")).replies[0]
        return moment(float(first[1])) if first else None

    def _first(self, rows: View, hold: timedelta) -> Delivery | None:
        """The first of these that nobody else takes at the same time."""
        for text in rows.replies:
            before = DELIVERY.load(text) if text is not None else None
            if before is None or before.state is not DeliveryState.PENDING or before.due_at > rows.at:
                continue  # kept or taken between the two looks
            # The end of the hold is in the delivery itself: `keep` fails once somebody else took it.
            held = replace(before, due_at=rows.at + hold)
            if self._replace(text, held):
                return held
        return None

    def _replace(self, stored: str, after: Delivery) -> bool:
        wanted = DELIVERY.dump(after)
        return commit(self._redis, keys.delivery(after.id), stored, wanted, self._writes(after)) == wanted

    def _writes(self, delivery: Delivery) -> list[Command]:
        """ZREM comes first, so that a full server still lets callbacks out."""
        row, index = keys.delivery(delivery.id), keys.deliveries_of(delivery.job_id)
        leave: Command = ("ZREM", keys.DELIVERIES, delivery.id)
        if delivery.state is DeliveryState.PENDING:
            due: Command = ("ZADD", keys.DELIVERIES, str(micros(delivery.due_at)), delivery.id)
            return [leave, ("SET", row, DELIVERY.dump(delivery)), due, ("PERSIST", index)]
        life = millis(self._retention)
        return [leave, ("SET", row, DELIVERY.dump(delivery), "PX", life), ("PEXPIRE", index, life)]

"""The DeliveryStore on Redis or Valkey. Deliveries are born in the RedisJobStore's commits (redis_lanes.births)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters import redis_lanes, redis_taking
from shared.adapters.redis_codec import DELIVERY, millis
from shared.adapters.redis_commit import Command, Condition, commit, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_lanes import Sight
from shared.adapters.redis_taking import Taking
from shared.core import delivery
from shared.core.delivery import MAX_RETRY_AFTER, Delivery, DeliveryState
from shared.core.errors import NotFound
from shared.core.moment import micros, moment
from shared.ports import DeliveryPage

_ROUNDS: Final = 100
"""Windows of lanes that one call looks at. Who finds nothing in so many comes again."""
_COUNTED_LANES: Final = 1000


class RedisDeliveryStore:
    """Deliveries on one server or cluster; a finished one is kept for `retention`."""

    def __init__(self, redis: RedisConnection, retention: timedelta) -> None:
        self._redis = redis
        self._retention = retention

    def take(self, hold: timedelta, *, uploads: timedelta | None = None, limit: int = 1) -> Sequence[Delivery]:
        for _ in range(_ROUNDS):
            sights = redis_lanes.sights(self._redis)
            if not sights:
                break
            lanes = [sight for sight in sights if redis_lanes.is_open(self._redis, sight)]
            turns = zip_longest(*([(sight, name) for name in sight.ready()] for sight in lanes))
            ready = [pair for turn in turns for pair in turn if pair is not None]
            if taken := self._taken(ready[: 2 * limit], lambda ready: delivery.hold(ready, hold, uploads), limit):
                return taken
        return []

    def fix(self, taken: Delivery, body: str) -> Delivery | None:
        fixed, row = replace(taken, body=body), keys.delivery(taken.id)

        def put(stored: str, wanted: str) -> str | None:
            return commit(self._redis, row, stored, wanted, [("SET", row, wanted)])

        return fixed if _swapped(taken, fixed, put) else None

    def keep(self, before: Delivery, after: Delivery, *, rest: timedelta = timedelta(0)) -> bool:
        return _swapped(before, after, lambda stored, wanted: self._kept(stored, wanted, before, after, rest))

    def held(self, deliveries: Sequence[Delivery]) -> frozenset[str]:
        view = look(self._redis, *(("ZSCORE", keys.held(each.lane), each.id) for each in deliveries))
        ends = zip(deliveries, view.replies, strict=True)
        return frozenset(each.id for each, end in ends if end is not None and moment(float(end)) > view.at)

    def get(self, delivery_id: str) -> Delivery:
        text = look(self._redis, ("GET", keys.delivery(delivery_id))).replies[0]
        if text is None:
            raise NotFound(f"there is no delivery {delivery_id}")
        return DELIVERY.load(text)

    def of_job(self, job_id: str) -> Sequence[Delivery]:
        ids = look(self._redis, ("SMEMBERS", keys.deliveries_of(job_id))).replies[0]
        rows = look(self._redis, *(("GET", keys.delivery(i)) for i in ids)).replies
        found = (DELIVERY.load(row) for row in rows if row is not None)
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))

    def to_endpoint(self, endpoint_id: str, *, limit: int, after: str | None = None) -> DeliveryPage:
        log = keys.deliveries_to(endpoint_id)
        last = "+" if after is None else f"({after}"
        while True:
            ids = look(self._redis, ("ZRANGE", log, last, "-", "BYLEX", "REV", "LIMIT", "0", str(limit + 1))).replies[0]
            rows = look(self._redis, *(("GET", keys.delivery(i)) for i in ids)).replies
            lost = [i for i, row in zip(ids, rows, strict=True) if row is None]
            if not lost:
                return DeliveryPage([DELIVERY.load(row) for row in rows[:limit]], has_more=len(ids) > limit)
            write(self._redis, ("ZREM", log, *lost))  # they expired

    def due(self) -> int:
        now = str(micros(look(self._redis).at))
        window: Command = ("ZRANGE", keys.LANES, "-inf", now, "BYSCORE", "LIMIT", "0", str(_COUNTED_LANES))
        lanes, old = look(self._redis, window, ("ZCOUNT", keys.DELIVERIES, "-inf", now)).replies
        counts = look(self._redis, *(("ZCOUNT", keys.lane(lane), "-inf", now) for lane in lanes)).replies
        return int(old) + sum(map(int, counts))

    def next_due(self) -> datetime | None:
        firsts = look(self._redis, *(("ZRANGE", key, "0", "0", "WITHSCORES") for key in (keys.LANES, keys.DELIVERIES)))
        return min((moment(float(first[1])) for first in firsts.replies if first), default=None)

    def _taken(
        self, ready: Sequence[tuple[Sight, str]], hold: Callable[[Delivery], timedelta], limit: int
    ) -> list[Delivery]:
        """Those of these that nobody else takes at the same time, as many as are wanted."""
        rows = look(self._redis, *(("GET", keys.delivery(name)) for _, name in ready))
        wanted: list[Taking] = []
        for (sight, name), text in zip(ready, rows.replies, strict=True):
            before = None if text is None else DELIVERY.load(text)
            if text is None or before is None or before.state is not DeliveryState.PENDING:
                self._forget(sight.lane, name, text)
            elif before.due_at <= rows.at and len(wanted) < limit:
                # The end of the hold is in the delivery itself: `keep` fails once somebody else took it.
                wanted.append(Taking(sight, text, replace(before, due_at=rows.at + hold(before)), rows.at))
        return redis_taking.take(self._redis, wanted)

    def _kept(self, stored: str, wanted: str, before: Delivery, after: Delivery, rest: timedelta) -> str | None:
        """What the row holds now. Who is alone in the lane says exactly when there is work in it again."""
        row, alone = keys.delivery(after.id), ("below", keys.lane(after.lane), 2)
        now = self._redis.clock.now() or look(self._redis).at
        if before.state is DeliveryState.PENDING:
            writes = [*self._writes(after, wanted, now, rest), *_turn_of_one(after)]
            there = commit(self._redis, row, stored, wanted, writes, alone)
            if there != stored:
                return there
        due = after.due_at if after.state is DeliveryState.PENDING else now
        sooner: Command = ("ZADD", keys.LANES, "LT", str(micros(min(due, now))), after.lane)
        return commit(self._redis, row, stored, wanted, [*self._writes(after, wanted, now, rest), sooner])

    def _writes(self, delivery: Delivery, text: str, now: datetime, rest: timedelta) -> Iterator[Command]:
        """ZREM comes first, so that a full server still lets callbacks out."""
        row, index, lane = keys.delivery(delivery.id), keys.deliveries_of(delivery.job_id), delivery.lane
        yield "ZREM", keys.lane(lane), delivery.id
        yield "ZREM", keys.held(lane), delivery.id
        yield "ZREM", keys.DELIVERIES, delivery.id
        if delivery.state is DeliveryState.PENDING:
            yield "SET", row, text
            yield "ZADD", keys.lane(lane), str(micros(delivery.due_at)), delivery.id
            yield "PERSIST", index
        else:
            yield "SET", row, text, "PX", millis(self._retention)
            yield "PEXPIRE", index, millis(self._retention)
        if rest > timedelta(0):
            yield "ZADD", keys.resting(lane), "GT", str(micros(now + rest)), keys.UNTIL
            yield "PEXPIRE", keys.resting(lane), millis(max(rest, MAX_RETRY_AFTER))

    def _forget(self, lane: str, name: str, text: str | None) -> None:
        """Take out of its lane what is no longer pending: a version that knew no lanes ended it."""
        row = keys.delivery(name)
        still: Condition = ("absent", row) if text is None else ("is", row, text)
        create(self._redis, [still], [("ZREM", keys.lane(lane), name)])


def _turn_of_one(delivery: Delivery) -> Iterator[Command]:
    if delivery.state is DeliveryState.PENDING:
        yield "ZADD", keys.LANES, str(micros(delivery.due_at)), delivery.lane
    else:
        yield "ZREM", keys.LANES, delivery.lane


def _swapped(before: Delivery, after: Delivery, put: Callable[[str, str], str | None]) -> bool:
    """Whether `put` wrote `after` in place of `before`, which may be stored as another version writes it."""
    stored = DELIVERY.dump(before)
    for _ in range(2):
        wanted = DELIVERY.dump_over(after, stored)
        there = put(stored, wanted)
        if there is None:
            return False
        present = DELIVERY.load(there)
        if there == wanted or present == after:
            return True
        if present != before:
            return False
        stored = there
    return False

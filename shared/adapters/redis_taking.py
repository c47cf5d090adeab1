"""Taking deliveries out of their lanes in Redis, for a while: all that are wanted in one commit, or else one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import DELIVERY, millis
from shared.adapters.redis_commit import Command, Condition, commit, create
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_lanes import Sight
from shared.core.delivery import PLACES, Delivery
from shared.core.moment import micros


@dataclass(frozen=True, slots=True)
class Taking:
    """A delivery as it stands, and as it is held from `at` on."""

    sight: Sight
    text: str
    held: Delivery
    at: datetime

    @property
    def row(self) -> str:
        return keys.delivery(self.held.id)

    @property
    def wanted(self) -> str:
        return DELIVERY.dump_over(self.held, self.text)

    @property
    def is_alone(self) -> bool:
        """Whether it was the only one in its lane: then there is nothing to look for until the hold is over."""
        return self.sight.count == 1

    def conditions(self, *, alone: bool) -> Iterator[Condition]:
        if alone:
            yield "below", keys.lane(self.sight.lane), 2

    def writes(self, wanted: str, *, alone: bool) -> Iterator[Command]:
        """ZREM comes first, so that a full server still lets callbacks out."""
        lane, end = self.sight.lane, str(micros(self.held.due_at))
        yield "ZREM", keys.lane(lane), self.held.id
        yield "SET", self.row, wanted
        yield "ZADD", keys.lane(lane), end, self.held.id
        yield "ZADD", keys.held(lane), end, self.held.id
        # The longest hold counts: takers of two versions or settings may hold for different times.
        for longer in ("NX", "GT"):
            yield "PEXPIRE", keys.held(lane), millis(self.held.due_at - self.at), longer
        yield "ZADD", keys.LANES, end if alone else str(micros(self.at)), lane


def take(redis: RedisConnection, takings: Sequence[Taking]) -> list[Delivery]:
    """Those that are ours now."""
    if len(takings) > 1 and _all(redis, takings):
        return [each.held for each in takings]
    # Somebody took one of them, or all were written by a try whose answer was lost: then each says so.
    return [each.held for each in takings if _one(redis, each)]


def _all(redis: RedisConnection, takings: Sequence[Taking]) -> bool:
    conditions: list[Condition] = [("is", each.row, each.text) for each in takings]
    writes: list[Command] = []
    for each in takings:
        conditions += each.conditions(alone=each.is_alone)
        writes += each.writes(each.wanted, alone=each.is_alone)
    for lane, count in Counter(each.sight.lane for each in takings).items():
        conditions.append(("below", keys.held(lane), PLACES - count + 1))
    return create(redis, conditions, writes)


def _one(redis: RedisConnection, taking: Taking) -> bool:
    room: Condition = ("below", keys.held(taking.sight.lane), PLACES)
    wanted = taking.wanted
    for alone in (True, False) if taking.is_alone else (False,):
        more = [room, *taking.conditions(alone=alone)]
        if commit(redis, taking.row, taking.text, wanted, [*taking.writes(wanted, alone=alone)], *more) == wanted:
            return True
    return False

"""Lanes of pending deliveries in Redis: where there is work, and whose turn it is.

LANES has for each lane a time at or before which there is work in it. What makes work due sooner lowers that in the
same write; it is raised only under the condition that nothing did so meanwhile. So no delivery is overlooked,
and the worst is a look for nothing. A lane that was served stands behind all others that are due.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import DELIVERY, millis, pairs
from shared.adapters.redis_commit import Command, Condition, create, look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.delivery import PLACES, Delivery
from shared.core.moment import micros, moment

MOST_LOGGED: Final = 10_000
"""Deliveries of one endpoint that are found by it, the newest."""
_WINDOW: Final = 16

Scored = tuple[str, str]
"""A member and its score, as they were read."""


def births(callbacks: Iterable[Delivery], life: timedelta) -> Iterator[Command]:
    """New deliveries, due at once; an endpoint's are found by it for `life` after the last."""
    for new in callbacks:
        yield "SET", keys.delivery(new.id), DELIVERY.dump(new)
        yield from joining(new.lane, new.id, str(micros(new.due_at)))
        yield "SADD", keys.deliveries_of(new.job_id), new.id
        if new.endpoint_id is not None:
            log = keys.deliveries_to(new.endpoint_id)
            yield "ZADD", log, "0", new.id
            yield "ZREMRANGEBYRANK", log, "0", str(-MOST_LOGGED - 1)
            yield "PEXPIRE", log, millis(life)


def joining(lane: str, delivery_id: str, due: str) -> Iterator[Command]:
    """One more delivery in a lane."""
    yield "ZADD", keys.lane(lane), due, delivery_id
    yield "ZADD", keys.LANES, "LT", due, lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One lane whose turn it may be, as it stood `at` one instant."""

    at: datetime
    lane: str
    count: int
    oldest: Sequence[Scored]
    newest: Sequence[Scored]
    """The newest of those that are due."""
    held: Sequence[Scored]
    rest: str | None

    def room(self) -> int:
        """How many more of it may be on their way."""
        return PLACES - sum(moment(float(end)) > self.at for _, end in self.held)

    def ready(self) -> list[str]:
        """Those that may be sent now: those due longest and the newest in turn, so that a backlog does not hold up
        what happens now. Which of the two comes first is left to chance: there may be place for one only.
        """
        sides = [
            [name for name, score in self.oldest if moment(float(score)) <= self.at],
            [name for name, _ in self.newest],
        ]
        random.shuffle(sides)
        turns = chain.from_iterable(zip_longest(*sides))
        return list(dict.fromkeys(name for name in turns if name is not None))[: max(self.room(), 0)]


def sights(redis: RedisConnection) -> list[Sight]:
    """The lanes that come next. None: there is nothing to send."""
    first: Command = ("ZRANGE", keys.LANES, "0", str(_WINDOW - 1), "WITHSCORES")
    window = look(redis, first, ("EXISTS", keys.DELIVERIES))
    if window.replies[1]:
        adopt(redis)
        window = look(redis, first)
    lanes = [lane for lane, score in pairs(window.replies[0]) if moment(float(score)) <= window.at]
    if not lanes:
        return []
    now = str(micros(window.at))
    view = look(redis, *(command for lane in lanes for command in _aspects(lane, now)))
    found = zip(*(iter(view.replies),) * 5, strict=True)
    return [
        Sight(
            at=view.at,
            lane=lane,
            count=count,
            oldest=list(pairs(oldest)),
            newest=list(pairs(newest)),
            held=list(pairs(held)),
            rest=rest,
        )
        for lane, (count, oldest, newest, held, rest) in zip(lanes, found, strict=True)
    ]


def _aspects(lane: str, now: str) -> tuple[Command, ...]:
    name, most = keys.lane(lane), str(PLACES)
    return (
        ("ZCARD", name),
        ("ZRANGE", name, "0", str(PLACES - 1), "WITHSCORES"),
        ("ZRANGE", name, now, "-inf", "BYSCORE", "REV", "LIMIT", "0", most, "WITHSCORES"),
        ("ZRANGE", keys.held(lane), "0", "-1", "WITHSCORES"),
        ("ZSCORE", keys.resting(lane), keys.UNTIL),
    )


def is_open(redis: RedisConnection, sight: Sight) -> bool:
    """Whether something of the lane can be sent; if not, it comes again when that may be otherwise."""
    lane, now = sight.lane, micros(sight.at)
    if any(float(end) <= now for _, end in sight.held):
        write(redis, ("ZREMRANGEBYSCORE", keys.held(lane), "-inf", str(now)))  # their takers died
    if not sight.count:
        empty: Condition = ("below", keys.lane(lane), 1)
        create(redis, [empty], [("ZREM", keys.LANES, lane)])
    elif sight.rest is not None and float(sight.rest) > now:
        _postpone(redis, lane, sight.rest, ("first", keys.resting(lane), keys.UNTIL, sight.rest))
    elif sight.room() <= 0:
        ends = [end for _, end in sight.held if float(end) > now]
        _postpone(redis, lane, min(ends, key=float), ("reaches", keys.held(lane), PLACES))
    elif float(sight.oldest[0][1]) > now:
        member, score = sight.oldest[0]
        _postpone(redis, lane, score, ("first", keys.lane(lane), member, score))
    else:
        return True
    return False


def _postpone(redis: RedisConnection, lane: str, until: str, still: Condition) -> None:
    create(redis, [still], [("ZADD", keys.LANES, "XX", until, lane)])


def adopt(redis: RedisConnection) -> None:
    """Let the deliveries of versions that knew no lanes join theirs, with the time at which they are due."""
    old = list(pairs(look(redis, ("ZRANGE", keys.DELIVERIES, "0", str(_WINDOW - 1), "WITHSCORES")).replies[0]))
    texts = look(redis, *(("GET", keys.delivery(name)) for name, _ in old)).replies if old else ()
    for (name, due), text in zip(old, texts, strict=True):
        leaving: list[Command] = [("ZREM", keys.DELIVERIES, name)]
        if text is not None:
            leaving += joining(DELIVERY.load(text).lane, name, due)
        still: Condition = ("member", keys.DELIVERIES, name)
        create(redis, [still], leaving)

"""Walking a ZSET by time from place to place."""

from __future__ import annotations

from collections.abc import Sequence

from shared.adapters.redis_codec import pairs
from shared.adapters.redis_commit import look
from shared.adapters.redis_connection import RedisConnection
from shared.core.moment import micros, moment
from shared.core.queue import Place


def places(
    redis: RedisConnection, key: str, limit: int, after: Place | None, *, newest_first: bool = False
) -> Sequence[Place]:
    """The next `limit` members behind `after`, or fewer; none only at the end."""
    ends = ("+inf", "-inf", "BYSCORE", "REV") if newest_first else ("-inf", "+inf", "BYSCORE")
    if after is not None:
        ends = (str(micros(after.at)), *ends[1:])
    skip = 0
    while True:
        command = ("ZRANGE", key, *ends, "LIMIT", str(skip), str(limit), "WITHSCORES")
        found = [Place(moment(float(at)), name) for name, at in pairs(look(redis, command).replies[0])]
        behind = [here for here in found if after is None or (here < after if newest_first else here > after)]
        if behind or len(found) < limit:
            return behind
        skip += limit  # so many of the same instant stand before it

"""The RateStore on Redis or Valkey."""

from __future__ import annotations

from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_connection import RedisConnection, Script
from shared.core import rate
from shared.core.rate import Rate, Spending

_SPEND: Final = Script("redis_rates.lua")


class RedisRateStore:
    """Wants a connection of its own that gives up early: nobody may wait for being counted."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def spend(self, name: str, rate_: Rate, *, need: int, want: int) -> Spending:
        numbers = (rate_.interval, rate_.quota, need, want)
        granted, full_at, at = self._redis.run(_SPEND, [keys.rate(name)], [str(number) for number in numbers])
        return rate.told(rate_, full_at, at, need=need, granted=granted)

    def close(self) -> None:
        self._redis.close()

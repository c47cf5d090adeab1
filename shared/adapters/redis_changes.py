"""Word of changes by Redis' publish and subscribe: kept nowhere, heard by who is there."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

from redis import exceptions
from redis.client import PubSub

from shared.adapters import redis_keys as keys
from shared.adapters.redis_connection import RedisConnection
from shared.core.errors import Unavailable

_BURST: Final = 1000
"""Ids that are given out together at most, so that a busy channel does not keep its listener listening."""

_PAUSE_S: Final = 0.01
"""What is said within this long of each other is given out together."""


class RedisChanges:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def listen(self) -> RedisListening:
        return RedisListening(self._redis)


class RedisListening:
    """One subscription on a connection of its own, made at the first call and anew after every fault."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis
        self._channel: PubSub | None = None

    def heard(self, within: timedelta) -> frozenset[str] | None:
        channel, self._channel = self._channel, None  # what breaks off below is not used again
        if channel is None:
            self._channel = self._redis.subscribed(keys.CHANGES)
            return None
        try:
            found = _heard(channel, within.total_seconds())
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            channel.close()
            raise Unavailable(f"the job store does not answer: {error}") from error
        self._channel = channel
        return found

    def close(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()


def _heard(channel: PubSub, seconds: float) -> frozenset[str]:
    ids: set[str] = set()
    end = time.monotonic() + seconds
    while len(ids) < _BURST:
        left = end - time.monotonic()
        message = channel.get_message(ignore_subscribe_messages=True, timeout=_PAUSE_S if ids else max(left, _PAUSE_S))
        if message is not None:
            ids.add(message["data"])
        elif ids or left <= 0:
            break
    return frozenset(ids)

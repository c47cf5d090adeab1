"""The Queue on Redis or Valkey."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.adapters import redis_keys as keys
from shared.adapters import redis_turns, redis_walk
from shared.adapters.redis_codec import JOB, PAUSE, pairs
from shared.adapters.redis_commit import look, write
from shared.adapters.redis_connection import RedisConnection
from shared.core.job import Job
from shared.core.moment import moment
from shared.core.priority import Priority
from shared.core.queue import WAITS_KEPT, Pause, Place, QueueView


class RedisQueue:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def pause(self, reason: str) -> Pause:
        view = look(self._redis, ("GET", keys.PAUSE))
        before = _pause(view.replies[0])
        pause = Pause(before.since if before else view.at, reason)
        write(self._redis, ("SET", keys.PAUSE, PAUSE.dump(pause)))
        return pause

    def resume(self) -> None:
        write(self._redis, ("DEL", keys.PAUSE))

    def look(self) -> QueueView:
        view = look(
            self._redis,
            ("GET", keys.PAUSE),
            ("ZCARD", keys.QUEUE),
            ("ZRANGE", keys.LEASES, "0", "-1", "WITHSCORES"),
            ("ZRANGE", keys.WAITS, "0", "-1", "WITHSCORES"),
            *(("ZCARD", keys.waiting(priority)) for priority in Priority),
            *redis_turns.FIRSTS,
        )
        pause, waiting, leases, waits, *of_each = view.replies
        counts, firsts = of_each[: len(Priority)], of_each[len(Priority) :]
        held = [moment(float(until)) for _, until in pairs(leases)]
        return QueueView(
            pause=_pause(pause),
            waiting=waiting,
            by_priority=dict(zip(Priority, counts, strict=True)),
            running=len(held),
            alive=sum(until > view.at for until in held),
            oldest=redis_turns.oldest(firsts, view.at),
            waits=[_wait(member) for member, at in pairs(waits) if moment(float(at)) > view.at - WAITS_KEPT],
        )

    def walk(self, limit: int, *, after: Place | None = None) -> Sequence[tuple[Place, Job]]:
        while places := redis_walk.places(self._redis, keys.QUEUE, limit, after):
            texts = look(self._redis, *(("GET", keys.job(place.id)) for place in places)).replies
            # Who left the queue between the two looks is told of as it stands now, or, being gone, not at all.
            found = [(place, JOB.load(text)) for place, text in zip(places, texts, strict=True) if text is not None]
            if found:
                return found
            after = places[-1]
        return []


def _pause(text: str | None) -> Pause | None:
    return None if text is None else PAUSE.load(text)


def _wait(member: str) -> timedelta:
    return timedelta(microseconds=int(member.rpartition("/")[2]))

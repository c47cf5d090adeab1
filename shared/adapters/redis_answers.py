"""What counted calls were answered with, in Redis: `Answered` of shared/core/counted_call.py.

First tries only add to it, without looking, so that any number of equal calls can come at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import ANSWERED, JOB, millis
from shared.adapters.redis_commit import Command, create, look
from shared.adapters.redis_connection import RedisConnection
from shared.core import counted_call
from shared.core.counted_call import MAX_ANSWERS, Answered, CountedCall
from shared.core.errors import Unavailable
from shared.core.job import Job
from shared.core.moment import micros

_TRIES: Final = 20
"""How often others may take the answer that we mean to. Each time one of them got on."""


def creation(job: Job, call: CountedCall, at: datetime) -> list[Command]:
    """What is written with a job that this try makes."""
    return list(_added(job.tenant, call, Answered(job.id, call.tries, at, job.id)))


@dataclass(frozen=True, slots=True)
class Answers:
    """Gives a repeat the job of an earlier try."""

    redis: RedisConnection

    def give(self, job: Job, call: CountedCall) -> Job | None:
        """The job that this try stands for, marked as given to it; None: there is none. `job` is its draft."""
        key = keys.answers(job.tenant, call.name)
        for _ in range(_TRIES):
            view = look(self.redis, ("ZRANGE", key, "0", "-1"))
            stored = {ANSWERED.load(text): text for text in view.replies[0]}
            found = self._living(counted_call.remembered(tuple(stored), call, view.at), job, call)
            if found is None:
                return None
            answer, earlier = found
            if answer.draft_id == job.id:
                return earlier  # given to it already, by a call whose answer was lost
            given = Answered(answer.job_id, call.tries, view.at, job.id)
            writes = [("ZREM", key, stored[answer]), *_added(job.tenant, call, given)]
            if create(self.redis, [("member", key, stored[answer])], writes):
                return earlier
        raise Unavailable("too many repeats of one call come at the same time")

    def _living(self, answers: tuple[Answered, ...], job: Job, call: CountedCall) -> tuple[Answered, Job] | None:
        """The likeliest answer whose job was not deleted."""
        while (answer := counted_call.taken(answers, call, job.id)) is not None:
            text = look(self.redis, ("GET", keys.job(answer.job_id))).replies[0]
            earlier = JOB.load(text) if text is not None else None
            if earlier is not None and not earlier.discarded:
                return answer, earlier
            answers = counted_call.without(answers, answer)
        return None


def _added(tenant: str, call: CountedCall, answer: Answered) -> Iterator[Command]:
    key = keys.answers(tenant, call.name)
    yield "ZADD", key, str(micros(answer.at)), ANSWERED.dump(answer)
    yield "ZREMRANGEBYRANK", key, "0", str(-MAX_ANSWERS - 1)
    yield "PEXPIRE", key, millis(call.window)

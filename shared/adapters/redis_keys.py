"""Every key in Redis, what stands there and how long.

All keys share one hash tag, so that in a cluster they lie on one node and one script may touch
any of them. Times in scores are whole microseconds since 1970, exact in a double until 2255.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

_TAG: Final = "{flipbook}"

QUEUE: Final = f"{_TAG}:queue"
"""ZSET of queued job ids by their place in virtual time (schedule.py), in microseconds; equal places by id."""
FLOWS: Final = f"{_TAG}:flows"
"""ZSET of flows, `<tenant>/<priority>`, by the place of their last job; and of CLOCK, by that of virtual time."""
CLOCK: Final = "clock"
"""No flow has such a name."""
EXPIRIES: Final = f"{_TAG}:expiries"
"""ZSET of queued, never claimed job ids by the time at which they leave the queue."""
DEADLINES: Final = f"{_TAG}:deadlines"
"""ZSET of ids of jobs that are not over by the time at which they fail."""
LEASES: Final = f"{_TAG}:leases"
"""ZSET of `<job id>/<attempt>` by the lease's end."""
REMOVALS: Final = f"{_TAG}:removals"
"""ZSET of ids of finished jobs by the time at which they may be forgotten."""
PAUSE: Final = f"{_TAG}:pause"
"""STRING: the Pause as JSON, while the queue is paused."""
WAITS: Final = f"{_TAG}:waits"
"""ZSET of `<job id>/<microseconds>`, the newest waits for a first worker, by the time at which it came. Expires."""
OUTBOX: Final = f"{_TAG}:outbox"
"""ZSET of ids of unsent events by the time at which they were written."""
EVENTS: Final = f"{_TAG}:events"
"""HASH of unsent events by id: Event as JSON."""
UNTIL: Final = "until"
"""The member of a lane's `resting`."""
LANES: Final = f"{_TAG}:lanes"
"""ZSET of lanes with pending deliveries, by a time at or before which there is work in them."""
DELIVERIES: Final = f"{_TAG}:deliveries"
"""ZSET of ids of pending deliveries by the time at which they are due, of versions that knew no lanes."""
DEAD_LETTERS: Final = f"{_TAG}:letters"
"""ZSET of the newest dead letters' ids by the time of their last death."""
DEAD_LETTER_COUNT: Final = f"{_TAG}:dead-letter-count"
"""How many dead letters there ever were."""
API_KEYS: Final = f"{_TAG}:api-keys"
"""ZSET of the ids of API keys, all with score 0, so that ZRANGE BYLEX pages them."""

CHANGES: Final = f"{_TAG}:changes"
"""CHANNEL, holds nothing: the id of each job that changed, whose attempt reported, or that went."""


def job(job_id: str) -> str:
    """STRING: Job as JSON. Expires only as a backstop, when nobody forgot it long after its retention."""
    return f"{_TAG}:job:{job_id}"


def remembered(job_id: str) -> str:
    """STRING: the tenant whose video it was, once the record is gone. Expires."""
    return f"{_TAG}:remembered:{job_id}"


def tenant(name: str) -> str:
    """ZSET of the tenant's job ids, all with score 0, so that ZRANGE BYLEX pages them by age."""
    return f"{_TAG}:tenant:{name}"


def queue_of(tenant: str) -> str:
    """ZSET of the tenant's queued job ids by the time at which they joined the queue, to be counted."""
    return f"{_TAG}:queue-of:{tenant}"


def leases_of(tenant: str) -> str:
    """ZSET of `<job id>/<attempt>` of the tenant's held jobs by the time at which they were claimed, to be counted."""
    return f"{_TAG}:leases-of:{tenant}"


def users(flow: str) -> str:
    """ZSET of the flow's users, hashed, by the places of their last jobs in virtual time. Expires."""
    return f"{_TAG}:users:{flow}"


def waiting(priority: str) -> str:
    """ZSET of queued job ids of the priority, by the time from which on they wait."""
    return f"{_TAG}:waiting:{priority}"


def claim(attempt: str) -> str:
    """STRING: the id of the job that the attempt holds. Goes with its lease."""
    return f"{_TAG}:claim:{attempt}"


def progress(job_id: str) -> str:
    """HASH of each attempt's last report by attempt: Progress as JSON. Expires."""
    return f"{_TAG}:progress:{job_id}"


def peak(job_id: str) -> str:
    """ZSET of one member, its score the highest percentage ever reported (ZADD GT keeps it so). Expires."""
    return f"{_TAG}:peak:{job_id}"


def delivery(delivery_id: str) -> str:
    """STRING: Delivery as JSON. Expires once it is delivered or abandoned."""
    return f"{_TAG}:delivery:{delivery_id}"


def deliveries_of(job_id: str) -> str:
    """SET of the ids of a job's deliveries. Expires with the last of them."""
    return f"{_TAG}:deliveries-of:{job_id}"


def deliveries_to(endpoint_id: str) -> str:
    """ZSET of ids of an endpoint's newest deliveries, all with score 0, so that ZRANGE BYLEX pages them. Expires."""
    return f"{_TAG}:deliveries-to:{endpoint_id}"


def lane(name: str) -> str:
    """ZSET of the ids of the lane's pending deliveries by the time at which they are due."""
    return f"{_TAG}:lane:{name}"


def held(lane: str) -> str:
    """ZSET of ids of the lane's deliveries that are on their way, by the end of their hold. Expires with the last."""
    return f"{_TAG}:held:{lane}"


def resting(lane: str) -> str:
    """ZSET of UNTIL alone: until when nothing of the lane is sent, in microseconds. It only grows (ZADD GT).

    Goes an hour after it was last said, when no rest can last any more.
    """
    return f"{_TAG}:resting:{lane}"


def endpoints(tenant: str) -> str:
    """STRING: the tenant's webhook endpoints by id, as JSON; their secrets are sealed. Goes with the last of them."""
    return f"{_TAG}:endpoints:{tenant}"


def dead_letter(letter_id: str) -> str:
    """STRING: DeadLetter as JSON. Expires."""
    return f"{_TAG}:letter:{letter_id}"


def drawn(tenant: str, likeness: str) -> str:
    """STRING: the id of the tenant's newest finished video of a likeness (reuse.py). Expires with the video."""
    return f"{_TAG}:drawn:{tenant}:{likeness}"


def request(tenant: str, name: str) -> str:
    """STRING: a request key's KeyUse as JSON. Expires after IDEMPOTENCY_SECONDS. The name is a caller's: hashed."""
    return f"{_TAG}:request:{tenant}:{hashlib.sha256(name.encode()).hexdigest()}"


def api_key(key_id: str) -> str:
    """STRING: ApiKey as JSON, with digests of its secrets. Stays until somebody deletes it."""
    return f"{_TAG}:api-key:{key_id}"


def answers(tenant: str, name: str) -> str:
    """ZSET of what one CountedCall was answered with, Answered as JSON, by time. Expires with its window. Hashed."""
    return f"{_TAG}:answers:{tenant}:{hashlib.sha256(name.encode()).hexdigest()}"


def rate(name: str) -> str:
    """STRING: when a caller's whole quota is there again, in microseconds. Goes with that time. The name is hashed."""
    return f"{_TAG}:rate:{hashlib.sha256(name.encode()).hexdigest()}"


def runs(model: str) -> str:
    """LIST of the model's latest runs, newest first: Run as JSON."""
    return f"{_TAG}:runs:{model}"


LASTING: Final[Mapping[str, str]] = {
    QUEUE: "holds queued jobs",
    FLOWS: "loses each flow that the clock reaches",
    waiting("*"): "holds queued jobs",
    EXPIRIES: "holds queued jobs",
    DEADLINES: "holds queued and running jobs",
    LEASES: "holds running jobs",
    REMOVALS: "recover empties it",
    PAUSE: "is one record, and goes with the pause",
    OUTBOX: "empties as events are sent",
    EVENTS: "empties as events are sent",
    LANES: "holds lanes with pending deliveries",
    lane("*"): "holds pending deliveries",
    DEAD_LETTERS: "has a greatest length",
    runs("*"): "has a greatest length, and there is one for each model",
    DEAD_LETTER_COUNT: "is one number",
    API_KEYS: "has a greatest length",
    api_key("*"): "are as many as API_KEYS has members",
    endpoints("*"): "has a greatest length, and there is one for each tenant",
    job("*"): "gets its time to live with its final state",
    tenant("*"): "loses each job that is discarded or forgotten",
    queue_of("*"): "holds queued jobs",
    leases_of("*"): "holds running jobs",
    claim("*"): "goes with its lease",
    delivery("*"): "gets its time to live with its final state",
    deliveries_of("*"): "gets its time to live with its delivery's",
}
"""Keys (`*`: any text) that may stand without a time to live, and what bounds them all the same."""

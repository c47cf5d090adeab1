"""A store that is full already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import redis

from shared.adapters import redis_index
from shared.core.ids import new_job_id
from tests.stores import new_job

_BATCH = 500
_APART = timedelta(milliseconds=100)


def fill(url: str, tenant: str, count: int) -> list[str]:
    """Queue so many jobs of a tenant, as the store itself would write them; their ids, oldest first."""
    at = datetime.now(UTC) - count * _APART
    ids = []
    with redis.Redis.from_url(url) as client:
        for first in range(0, count, _BATCH):
            pipeline = client.pipeline(transaction=False)
            for n in range(first, min(first + _BATCH, count)):
                when = at + n * _APART
                job = new_job(when, id=new_job_id(when), tenant=tenant, webhook=None, remixed_from=None)
                for command in redis_index.creation(job, None, when, None, timedelta(days=7), flow=None):
                    pipeline.execute_command(*command)
                ids.append(job.id)
            pipeline.execute()
    return ids

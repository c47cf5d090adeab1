"""What every JobStore promises of a queue whose first thousands nobody may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from redis import Redis

from shared.core.ids import new_attempt_id
from shared.core.terms import Terms
from tests.servers import Valkey
from tests.stores import LEASE, Stores, new_job, redis_stores

MANY: Final = 2000
HOUR: Final = timedelta(hours=1)
LATE: Final = Terms(timeout=timedelta(minutes=1))


def add_overdue(stores: Stores, count: int = MANY) -> None:
    """Jobs that nobody took in time, and jobs whose whole time is over, in turn, before which nothing stands."""
    since = stores.jobs.now() - HOUR
    for n in range(count):
        terms, expires_at = (Terms(), since) if n % 2 else (LATE, since + 24 * HOUR)
        stores.jobs.create(new_job(since, terms=terms, expires_at=expires_at, webhook=None))


def test_thousands_of_overdue_jobs_keep_nobody_from_a_good_one(stores: Stores) -> None:
    add_overdue(stores)
    good = stores.add()

    assert [good.id] == stores.jobs.waiting(3)
    taken = stores.jobs.claim(new_attempt_id(), LEASE)

    assert taken is not None
    assert good.id == taken.id
    assert None is stores.jobs.claim(new_attempt_id(), LEASE)


def calls(floor: Redis) -> int:
    return int(floor.info("commandstats")["cmdstat_evalsha"]["calls"])


def test_a_claim_past_them_takes_few_calls(redis_url: str, valkey: Valkey) -> None:
    with redis_stores(redis_url) as stores, valkey.client() as floor:
        add_overdue(stores)
        good, before = stores.add(), calls(floor)

        taken = stores.jobs.claim(new_attempt_id(), LEASE)

        assert taken is not None
        assert good.id == taken.id
        assert calls(floor) - before <= 2 * (MANY // 256 + 1) + 4

"""What every JobStore promises of caps (shared/core/caps.py): nobody passes one, and nobody's jobs block another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import pytest
from redis import Redis

from shared.adapters import redis_keys as keys
from shared.core.caps import RETRY_AFTER, Caps
from shared.core.errors import QueueFull
from shared.core.ids import new_attempt_id
from shared.core.job import Cancelled, CancelRequested, Completed, Job, LeaseExpired, Yielded
from shared.core.request_key import RequestKey
from tests.servers import Valkey
from tests.stores import LEASE, OUTPUT, Stores, memory_stores, new_job, redis_stores

CAPS: Final = Caps(queued=5, queued_per_tenant=3, running_per_tenant=2)
KEY: Final = RequestKey(name="client:a", fingerprint="a", life=timedelta(days=1))


@pytest.fixture(params=["memory", "redis", "redis-cluster"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        yield memory_stores(caps=CAPS)
        return
    url = request.getfixturevalue("redis_url" if request.param == "redis" else "redis_cluster_url")
    with redis_stores(url, CAPS) as family:
        yield family


@pytest.fixture
def floor(valkey: Valkey) -> Iterator[Redis]:
    with valkey.client() as client:
        yield client


def full(call: Callable[[], object]) -> str:
    with pytest.raises(QueueFull) as refused:
        call()
    assert RETRY_AFTER == refused.value.retry_after <= 120
    return str(refused.value)


def take(stores: Stores) -> Job | None:
    return stores.jobs.claim(new_attempt_id(), LEASE)


class TestQueued:
    def test_a_tenant_may_have_as_many_waiting_and_others_theirs(self, stores: Stores) -> None:
        for _ in range(3):
            stores.add()
        assert "you have 3 videos waiting, and 3 are the most" == full(stores.add)
        stores.add(tenant="bob")
        assert 4 == stores.jobs.depth().waiting

    def test_the_whole_queue_has_a_cap_too(self, stores: Stores) -> None:
        for tenant in ("ada", "ada", "bob", "bob", "eve"):
            stores.add(tenant=tenant)
        assert "the queue is full" == full(lambda: stores.add(tenant="eve"))

    def test_who_was_refused_left_nothing_behind(self, stores: Stores) -> None:
        for _ in range(3):
            stores.add()
        told = stores.unsent()
        full(lambda: stores.jobs.create(new_job(stores.jobs.now()), key=KEY))
        assert told == stores.unsent()
        assert 3 == len(stores.jobs.page("ada", limit=10).jobs)
        job, _ = stores.claim()
        assert job.id != stores.jobs.create(new_job(stores.jobs.now()), key=KEY).id  # the key was free

    def test_a_repeat_of_what_was_accepted_is_answered_however_full_it_is(self, stores: Stores) -> None:
        job = new_job(stores.jobs.now())
        stores.jobs.create(job, key=KEY)
        stores.add()
        stores.add()
        assert job == stores.jobs.create(job, key=KEY)
        assert job == stores.jobs.create(new_job(stores.jobs.now()), key=KEY)

    @pytest.mark.parametrize("way", ["claimed", "cancelled"])
    def test_who_leaves_the_queue_makes_room(self, stores: Stores, way: str) -> None:
        jobs = [stores.add() for _ in range(3)]
        if way == "claimed":
            stores.claim()
        else:
            stores.jobs.apply(jobs[1].id, CancelRequested())
        stores.add()
        full(stores.add)

    def test_who_comes_back_to_the_queue_is_let_in_and_counts(self, stores: Stores) -> None:
        stores.add()
        job, attempt = stores.claim()
        for _ in range(3):
            stores.add()
        stores.jobs.apply(job.id, Yielded(attempt))
        assert "you have 4 videos waiting, and 3 are the most" == full(stores.add)

    def test_however_many_come_together_no_more_are_let_in(self, stores: Stores) -> None:
        def add(n: int) -> bool:
            try:
                stores.add(tenant="ada" if n % 2 else "bob")
            except QueueFull:
                return False
            return True

        with ThreadPoolExecutor(16) as pool:
            taken = sum(pool.map(add, range(64)))
        assert 5 == taken == stores.jobs.depth().waiting
        assert {2, 3} == {len(stores.jobs.page(tenant, limit=10).jobs) for tenant in ("ada", "bob")}


class TestRunning:
    @pytest.fixture
    def stores(self, request: pytest.FixtureRequest, redis_url: str) -> Iterator[Stores]:
        caps = Caps(running_per_tenant=2)
        if request.param == "memory":
            yield memory_stores(caps=caps)
            return
        with redis_stores(redis_url, caps) as family:
            yield family

    pytestmark = pytest.mark.parametrize("stores", ["memory", "redis"], indirect=True)

    def test_others_go_before_a_tenant_at_the_cap(self, stores: Stores) -> None:
        own = [stores.add() for _ in range(4)]
        other = stores.add(tenant="bob")
        taken = [take(stores) for _ in range(4)]
        assert [own[0].id, other.id, own[1].id, None] == [job and job.id for job in taken]

    @pytest.mark.parametrize("end", [Yielded, LeaseExpired, lambda attempt: Completed(attempt, OUTPUT)])
    def test_who_ends_makes_room_for_the_next(self, stores: Stores, end: Callable[[str], Completed]) -> None:
        for _ in range(3):
            stores.add()
        first, attempt = stores.claim()
        stores.claim()
        assert take(stores) is None
        stores.jobs.apply(first.id, end(attempt))
        assert take(stores) is not None
        assert take(stores) is None

    def test_a_cancelling_job_still_holds_its_gpu(self, stores: Stores) -> None:
        for _ in range(3):
            stores.add()
        job, attempt = stores.claim()
        stores.claim()
        stores.jobs.apply(job.id, CancelRequested())
        assert take(stores) is None
        stores.jobs.apply(job.id, Cancelled(attempt))
        assert take(stores) is not None

    def test_nobody_is_woken_for_what_may_not_be_drawn(self, stores: Stores) -> None:
        own = [stores.add() for _ in range(4)]
        other = stores.add(tenant="bob")
        assert [own[0].id, other.id, own[1].id] == stores.jobs.waiting(10)
        assert [own[0].id] == stores.jobs.waiting(1)
        stores.claim()
        stores.claim()
        assert [own[1].id] == stores.jobs.waiting(10)
        stores.claim()
        assert [] == stores.jobs.waiting(10)

    def test_who_holds_a_job_gets_it_again_although_the_cap_is_reached(self, stores: Stores) -> None:
        for _ in range(2):
            stores.add()
        attempts = [new_attempt_id() for _ in range(2)]
        jobs = [stores.jobs.claim(attempt, LEASE) for attempt in attempts]
        assert jobs == [stores.jobs.claim(attempt, LEASE) for attempt in attempts]

    def test_a_long_queue_of_one_tenant_does_not_block_the_others(self, stores: Stores) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: stores.add(webhook=None), range(700)))
        last = stores.add(tenant="bob")
        taken = [take(stores) for _ in range(4)]
        assert ["ada", "ada", "bob"] == sorted(job.tenant for job in taken if job)
        assert last.id in [job and job.id for job in taken]
        assert taken[3] is None

    def test_however_many_claim_together_no_more_are_held(self, stores: Stores) -> None:
        for n in range(12):
            stores.add(tenant="ada" if n % 3 else "bob")
        with ThreadPoolExecutor(12) as pool:
            taken = [job for job in pool.map(lambda _: take(stores), range(12)) if job]
        assert {"ada": 2, "bob": 2} == {tenant: sum(j.tenant == tenant for j in taken) for tenant in ("ada", "bob")}


def test_what_an_older_version_took_away_is_no_longer_counted(redis_url: str, floor: Redis) -> None:
    """It knows neither `queue_of` nor `leases_of`, and runs beside this one during a rollout."""
    with redis_stores(redis_url, Caps(queued_per_tenant=2, running_per_tenant=1)) as stores:
        for _ in range(2):
            floor.zrem(keys.QUEUE, stores.add().id)
        floor.zadd(keys.leases_of("ada"), {"video_x/a": 1})
        stores.add()
        assert take(stores) is not None
        assert (0, 1) == (floor.zcard(keys.queue_of("ada")), floor.zcard(keys.leases_of("ada")))

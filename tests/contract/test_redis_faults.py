"""What happens to the Redis stores when the server, or the way to it, breaks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from shared.adapters.redis_connection import RedisConnection
from shared.core import events
from shared.core.delivery import DeliveryState
from shared.core.errors import Unavailable, UnsafeServer
from shared.core.ids import new_attempt_id
from shared.core.job import Completed, Job, JobState, LeaseExpired
from shared.core.request_key import RequestKey
from tests.contract.test_dead_letters import letter
from tests.faults import FaultProxy
from tests.servers import Valkey, served
from tests.stores import LEASE, OUTPUT, Stores, new_job, redis_stores

NOW: Final = timedelta(0)


@pytest.fixture
def far(proxy: FaultProxy) -> Iterator[Stores]:
    """Stores whose server is behind the proxy; the connection is open."""
    with redis_stores(f"redis://127.0.0.1:{proxy.port}") as stores:
        stores.jobs.ping()
        yield stores


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Valkey]:
    """A server that a test may set up as it likes."""
    yield from served(Valkey(tmp_path))


@contextmanager
def refused_within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(Unavailable):
        yield
    assert time.monotonic() - began < seconds


class TestLostAnswers:
    """The server did the work, but its answer never came."""

    # With the caches of scripts warm, each call below gets as many answers as it makes round trips.
    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_creation_happens_once(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        far.add()
        proxy.cut(nth)
        job = far.add()
        assert nth < proxy.answers
        assert job == far.jobs.get(job.id)
        assert 1 == far.unsent().count(f"{job.id} {events.QUEUED}")

    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_creation_under_a_key_makes_one_job(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        job, key = new_job(far.jobs.now()), RequestKey(name="client:a", fingerprint="b", life=LEASE)
        proxy.cut(nth)
        assert job == far.jobs.create(job, key=key)
        assert nth < proxy.answers
        assert job == far.jobs.create(new_job(far.jobs.now()), key=key)
        assert 1 == far.unsent().count(f"{job.id} {events.QUEUED}")

    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_a_claim_takes_one_job(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        first, second, third = far.add(), far.add(), far.add()
        far.claim()
        proxy.cut(nth)
        job, attempt = far.claim()
        assert nth < proxy.answers
        assert (second.id, attempt) == (job.id, far.jobs.get(second.id).attempt)
        assert [third.id] == far.jobs.waiting(10)
        assert 1 == far.unsent().count(f"{second.id} {events.STARTED}")
        assert first.id != job.id

    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_change_happens_once(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        job = far.add()
        _, attempt = far.claim()
        proxy.cut(nth)
        done = far.jobs.apply(job.id, Completed(attempt, OUTPUT))
        assert nth < proxy.answers
        assert done == far.jobs.get(job.id)
        assert (JobState.COMPLETED, 2) == (done.state, done.version)
        assert 1 == len(far.deliveries.of_job(job.id))

    def test_a_renewal_is_simply_repeated(self, proxy: FaultProxy, far: Stores) -> None:
        job = far.add()
        running, attempt = far.claim()
        far.jobs.renew(job.id, attempt, LEASE)
        proxy.cut(1)
        assert running == far.jobs.renew(job.id, attempt, LEASE)

    @pytest.mark.parametrize("nth", [1, 2, 3, 4])
    def test_a_delivery_is_taken_by_the_one_who_asked(self, proxy: FaultProxy, far: Stores, nth: int) -> None:
        job = far.finish()
        proxy.cut(nth)
        taken = far.take()
        assert nth < proxy.answers
        assert [taken] == far.deliveries.of_job(job.id)

    @pytest.mark.parametrize("others", [0, 1])
    def test_a_delivery_is_fixed_and_kept_and_its_keeper_hears_so(
        self, proxy: FaultProxy, far: Stores, others: int
    ) -> None:
        for _ in range(1 + others):
            far.finish()
        taken = far.take()
        assert taken is not None
        proxy.cut(1)
        fixed = far.deliveries.fix(taken, "{}")
        assert fixed is not None
        done = replace(fixed, state=DeliveryState.DELIVERED)
        for nth in (1, 2):
            proxy.cut(nth)
            assert far.deliveries.keep(fixed, done)
        assert [done] == far.deliveries.of_job(taken.job_id)

    def test_a_creation_whose_answers_are_all_lost_can_be_repeated_later(self, proxy: FaultProxy, far: Stores) -> None:
        job = new_job(far.jobs.now())
        proxy.cut(*range(2, 50))
        with pytest.raises(Unavailable):
            far.jobs.create(job)
        proxy.cut()
        running, _ = far.claim()
        assert running == far.jobs.create(job)
        assert 1 == far.unsent().count(f"{job.id} {events.QUEUED}")

    def test_a_claim_whose_answers_are_all_lost_can_be_repeated_later(self, proxy: FaultProxy, far: Stores) -> None:
        job, other = far.add(), far.add()
        proxy.cut(*range(3, 50))
        with pytest.raises(Unavailable):
            far.jobs.claim("a", LEASE)
        proxy.cut()
        again = far.jobs.claim("a", LEASE)
        assert again is not None
        assert (job.id, [other.id]) == (again.id, far.jobs.waiting(10))


CALLS: Final[list[Callable[[Stores], object]]] = [
    lambda stores: stores.jobs.ping(),
    lambda stores: stores.jobs.claim("a", LEASE),
    lambda stores: stores.outbox.sent("evt_x"),
]


class TestAway:
    @pytest.mark.parametrize("call", CALLS)
    def test_a_frozen_server_is_given_up_within_a_second(
        self, proxy: FaultProxy, far: Stores, call: Callable[[Stores], object]
    ) -> None:
        proxy.freeze()
        with refused_within(1.3):
            call(far)
        proxy.thaw()
        far.jobs.ping()

    def test_broken_connections_are_made_anew_unnoticed(self, proxy: FaultProxy, far: Stores) -> None:
        job = far.add()
        for _ in range(3):
            proxy.reset()
            assert job == far.jobs.get(job.id)

    def test_a_dead_server_is_given_up_at_once_and_found_again(self, mortal: Valkey) -> None:
        with redis_stores(mortal.url) as stores:
            job = stores.add()
            mortal.kill()
            for _ in range(3):
                with refused_within(1.3):
                    stores.jobs.get(job.id)
            mortal.start()
            assert job == stores.jobs.get(job.id)

    @pytest.mark.parametrize("cluster", [False, True])
    def test_a_server_that_is_not_there_yet_is_found_later(self, tmp_path: Path, *, cluster: bool) -> None:
        server = Valkey(tmp_path, cluster=cluster)
        with redis_stores(server.url) as stores:
            with refused_within(1.3):
                stores.jobs.ping()
            for _ in served(server):
                stores.jobs.ping()


class TestKilledServer:
    def test_nothing_that_was_acknowledged_is_lost(self, own_server: Valkey) -> None:
        acknowledged: list[Job] = []
        with redis_stores(own_server.url) as stores:
            writer = threading.Thread(target=write_until_refused, args=(stores, acknowledged))
            writer.start()
            while len(acknowledged) < 100:
                time.sleep(0.001)
            own_server.kill()
            writer.join()
            own_server.start()
            assert acknowledged == [stores.jobs.get(job.id) for job in acknowledged]
            told = stores.outbox.unsent(older_than=NOW, limit=10_000)
            completed = {job.id for job in acknowledged}
            assert completed <= {event.subject for event in told if event.type == events.COMPLETED}
            assert all(len(stores.deliveries.of_job(job.id)) == 1 for job in acknowledged)

    def test_a_paused_queue_is_paused_still_and_dead_letters_are_there(self, own_server: Valkey) -> None:
        with redis_stores(own_server.url) as stores:
            job = stores.add()
            pause = stores.queue.pause("the cooling is off")
            stores.dead_letters.bury(letter(1))
            own_server.kill()
            own_server.start()
            assert pause == stores.queue.look().pause
            assert None is stores.jobs.claim(new_attempt_id(), LEASE)
            assert letter(1) == stores.dead_letters.get(letter(1).id)
            stores.queue.resume()
            assert job.id == stores.claim()[0].id

    def test_a_worker_goes_on_with_its_lease(self, own_server: Valkey) -> None:
        with redis_stores(own_server.url) as stores:
            job = stores.add()
            running, attempt = stores.claim()
            own_server.kill()
            own_server.start()
            assert running == stores.jobs.renew(job.id, attempt, LEASE)
            assert JobState.QUEUED is stores.jobs.apply(job.id, LeaseExpired(attempt)).state


def write_until_refused(stores: Stores, acknowledged: list[Job]) -> None:
    try:
        while True:
            acknowledged.append(stores.finish())
    except Unavailable:
        pass


class TestFullServer:
    @pytest.fixture
    def full(self, own_server: Valkey) -> Iterator[tuple[Stores, str, str]]:
        """A server that takes no more, with a held job and its attempt."""
        with redis_stores(own_server.url) as stores, own_server.client() as client:
            stores.add()
            stores.add()
            job, attempt = stores.claim()
            client.config_set("maxmemory", "1mb")
            yield stores, job.id, attempt

    def test_new_jobs_are_refused_as_a_whole(self, full: tuple[Stores, str, str]) -> None:
        stores, _, _ = full
        job = new_job(stores.jobs.now())
        with pytest.raises(Unavailable, match="takes no writes"):
            stores.jobs.create(job)
        assert 2 == len(stores.jobs.page("ada", limit=10).jobs)
        assert 1 == stores.jobs.depth().waiting
        assert 0 == stores.unsent().count(f"{job.id} {events.QUEUED}")

    def test_work_that_is_under_way_ends(self, full: tuple[Stores, str, str]) -> None:
        stores, job_id, attempt = full
        stores.jobs.renew(job_id, attempt, LEASE)
        assert JobState.COMPLETED is stores.jobs.apply(job_id, Completed(attempt, OUTPUT)).state
        stores.claim()
        taken = stores.take()
        assert taken is not None
        assert stores.deliveries.keep(taken, replace(taken, state=DeliveryState.DELIVERED))
        for event in stores.outbox.unsent(older_than=NOW, limit=10):
            stores.outbox.sent(event.id)
        stores.jobs.discard(job_id)
        stores.jobs.forget(job_id)


class TestUnsafeServer:
    def test_one_that_may_evict_jobs_is_refused_with_the_remedy(self, own_server: Valkey) -> None:
        with redis_stores(own_server.url) as stores, own_server.client() as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
            with pytest.raises(UnsafeServer) as refused:
                stores.jobs.ping()
            assert str(refused.value).endswith(
                "its maxmemory-policy is allkeys-lru; set it with: CONFIG SET maxmemory-policy noeviction"
            )
            client.execute_command("CONFIG SET maxmemory-policy noeviction")
            stores.jobs.ping()

    def test_one_that_forgets_when_it_stops_is_warned_of_once(
        self, own_server: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        connection = RedisConnection(own_server.url)
        with own_server.client() as client, caplog.at_level(logging.WARNING):
            connection.ping()
            assert [] == caplog.messages
            client.config_set("appendonly", "no")
            connection.ping()
            connection.ping()
        assert 1 == len(caplog.messages)
        assert "appendonly yes" in caplog.messages[0]
        connection.close()

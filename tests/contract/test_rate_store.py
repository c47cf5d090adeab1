"""What every RateStore promises (shared/ports/): all its processes together grant what GCRA grants."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from typing import Final

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters import redis_keys as keys
from shared.adapters.memory_rates import MemoryRateStore
from shared.adapters.redis_connection import RedisConnection, Script
from shared.adapters.redis_rates import RedisRateStore
from shared.core.errors import Unavailable
from shared.core.rate import SECOND, Rate, spend
from shared.ports import RateStore
from tests.faults import FaultProxy
from tests.servers import Valkey
from tests.stores import Clock

RATE: Final = Rate(5, 1)
HOT: Final = Rate(20, 1)


@dataclass(frozen=True, slots=True)
class Rates:
    """A store, and a way to let time pass there."""

    store: RateStore
    wait: Callable[[float], None]

    def ask(self, name: str = "submit:ada:0a1b2c3d", rate: Rate = RATE, need: int = 1) -> int:
        return self.store.spend(name, rate, need=need, want=need).granted


@pytest.fixture(params=["memory", "redis", "redis-cluster"])
def rates(request: pytest.FixtureRequest) -> Iterator[Rates]:
    if request.param == "memory":
        clock = Clock()
        yield Rates(MemoryRateStore(clock), lambda seconds: clock.forward(timedelta(seconds=seconds)))
        return
    url = request.getfixturevalue("redis_url" if request.param == "redis" else "redis_cluster_url")
    store = RedisRateStore(RedisConnection(url))
    yield Rates(store, time.sleep)
    store.close()


def test_a_quota_is_granted_and_no_more(rates: Rates) -> None:
    assert [1] * 5 + [0] * 3 == [rates.ask(rate=Rate(5, 60)) for _ in range(8)]


def test_it_grows_back(rates: Rates) -> None:
    assert 5 == rates.ask(need=5)
    assert 0 == rates.ask()
    rates.wait(0.21)
    assert 1 == rates.ask()
    assert 0 == rates.ask(need=2)


def test_callers_and_budgets_do_not_meet(rates: Rates) -> None:
    names = ["submit:ada:0a1b2c3d", "other:ada:0a1b2c3d", "submit:ada:ffffffff", "submit:bob:0a1b2c3d"]
    assert [5] * 4 == [rates.ask(name, need=5) for name in names]


def test_who_was_told_to_wait_and_does_is_served(rates: Rates) -> None:
    rates.ask(need=5)
    refused = rates.store.spend("submit:ada:0a1b2c3d", RATE, need=2, want=9)
    assert (0, 0) == (refused.granted, refused.remaining)
    rates.wait(refused.retry_after / SECOND)
    assert 2 == rates.ask(need=2)


def test_a_rate_that_is_set_anew_holds_at_once(rates: Rates) -> None:
    assert 1000 == rates.ask(rate=Rate(1000, 10_000), need=1000)
    assert 0 == rates.ask()
    rates.wait(0.21)
    assert 1 == rates.ask()


@given(
    st.builds(Rate, st.integers(1, 10**9), st.integers(1000, 99_999)),
    st.integers(-(10**12), 10**12),
    st.integers(1, 10**9),
    st.integers(0, 1000),
)
def test_the_script_decides_as_the_core_does(valkey: Valkey, rate: Rate, ahead: int, need: int, more: int) -> None:
    connection = RedisConnection(valkey.url)
    with valkey.client() as client:
        seconds, micros = client.time()
        full_at = seconds * SECOND + micros + ahead
        client.set(keys.rate("x"), full_at)
        numbers = [str(n) for n in (rate.interval, rate.quota, need, need + more)]
        granted, now_full_at, at = connection.run(Script("redis_rates.lua"), [keys.rate("x")], numbers)
        spending, expected = spend(rate, full_at, at, need=need, want=need + more)
        assert (spending.granted, expected) == (granted, now_full_at)
        if now_full_at - at > SECOND:  # else it may have ended by now
            assert str(now_full_at) == client.get(keys.rate("x"))
            if granted:
                assert 0 < client.pttl(keys.rate("x")) * 1000 <= now_full_at - at + 1000
        client.flushall()
    connection.close()


meeting: Barrier
"""Of a process that hammers, with the others."""


def meet_at(barrier: Barrier) -> None:
    global meeting  # noqa: PLW0603 - a process of a pool has no other place for what it was started with
    meeting = barrier


def hammer(url: str) -> int:
    """Ask without a pause for 2 seconds: what was granted."""
    store = RedisRateStore(RedisConnection(url))
    for _ in ("all are there", "the first has asked"):
        meeting.wait(60)
    until = time.monotonic() + 2

    def ask() -> int:
        granted = 0
        while time.monotonic() < until:
            granted += store.spend("hot", HOT, need=1, want=1).granted
        return granted

    with ThreadPoolExecutor(2) as pool:
        total = sum(future.result() for future in [pool.submit(ask) for _ in range(2)])
    store.close()
    return total


def test_processes_and_threads_together_are_granted_what_one_would_be(redis_url: str) -> None:
    """The first question and the last one are asked here, each for all that is there, between two looks at the server's
    clock: what is granted lies between the two times that they give.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    store = RedisRateStore(RedisConnection(redis_url))

    def all_there(client: redis.Redis) -> tuple[float, int, float]:
        before = client.time()
        granted = store.spend("hot", HOT, need=1, want=HOT.quota).granted
        after = client.time()
        return before[0] + before[1] / SECOND, granted, after[0] + after[1] / SECOND

    with (
        redis.Redis.from_url(redis_url) as client,
        ProcessPoolExecutor(3, mp_context=context, initializer=meet_at, initargs=(barrier,)) as pool,
    ):
        hammering = [pool.submit(hammer, redis_url) for _ in range(3)]
        barrier.wait(60)
        began, first, begun = all_there(client)
        barrier.wait(60)
        granted = sum(each.result() for each in hammering)
        ending, last, ended = all_there(client)
    store.close()
    least, most = (HOT.quota + int(seconds * HOT.quota) for seconds in (ending - begun, ended - began))
    assert least - 1 <= first + granted + last <= most + 1


def test_ten_thousand_callers_are_forgotten_by_themselves(redis_url: str, valkey: Valkey) -> None:
    store = RedisRateStore(RedisConnection(redis_url))
    with valkey.client() as client:
        with ThreadPoolExecutor(32) as pool:
            list(
                pool.map(
                    lambda n: store.spend(f"submit:tenant-{n}:0a1b2c3d", Rate(1, 1), need=1, want=1), range(10_000)
                )
            )
        assert 0 < client.dbsize()
        assert -1 not in {client.ttl(key) for key in client.scan_iter("*")}
        deadline = time.monotonic() + 10
        while client.dbsize():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    store.close()


def test_a_server_that_is_away_is_given_up_early(redis_url: str, valkey: Valkey) -> None:
    with FaultProxy(valkey.port) as proxy:
        store = RedisRateStore(RedisConnection(f"redis://127.0.0.1:{proxy.port}", timeout=0.15, retries=False))
        store.spend("a", RATE, need=1, want=1)
        proxy.freeze()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            store.spend("a", RATE, need=1, want=1)
        assert time.monotonic() - began < 0.4
        proxy.thaw()
        assert 1 == store.spend("a", RATE, need=1, want=1).granted
        store.close()

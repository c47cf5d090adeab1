"""What one process of submit does so that counting costs little, and never grants too much."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.submit import limiter as limits
from functions.submit.limiter import LEASE, LOCAL_SHARES, Limiter
from shared.adapters.memory_rates import MemoryRateStore
from shared.core.errors import Unavailable
from shared.core.rate import SECOND, Rate

SLOW = Rate(3, 60)
FAST = Rate(90_000, 60)


class World:
    """A store that counts its calls and can be away, and some processes that ask it, under one clock."""

    def __init__(self, processes=1):
        self.micros = 0
        self.calls = 0
        self.away = False
        self._store = MemoryRateStore(lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.micros))
        self.limiters = [Limiter(self, clock=lambda: self.micros / SECOND) for _ in range(processes)]

    def spend(self, name, rate, *, need, want):
        self.calls += 1
        if self.away:
            raise Unavailable("away")
        return self._store.spend(name, rate, need=need, want=want)

    def close(self):
        pass

    def ask(self, rate=SLOW, units=1, name="a", process=0):
        return self.limiters[process].spend(name, rate, units)


@pytest.fixture
def world():
    return World()


def test_a_slow_rate_is_counted_exactly(world):
    assert [1, 1, 1, 0] == [world.ask().granted for _ in range(4)]
    assert 4 == world.calls
    world.micros += 20 * SECOND
    assert [1, 0] == [world.ask().granted for _ in range(2)]


def test_who_was_refused_is_refused_here_until_the_store_could_say_otherwise(world):
    world.ask(units=3)
    refused = world.ask()
    before = world.calls

    for wait in range(20, 0, -1):
        again = world.ask()
        assert (0, wait * SECOND) == (again.granted, again.retry_after)
        world.micros += SECOND

    assert (before, 20 * SECOND) == (world.calls, refused.retry_after)
    assert 1 == world.ask().granted


def test_a_storm_of_refused_calls_does_not_reach_the_store(world):
    rate = Rate(1000, 1)
    granted = 0
    for _ in range(20_000):  # for two seconds, ten times as often as allowed
        world.micros += 100
        granted += world.ask(rate).granted

    assert world.calls < 200
    assert 2 * 1000 + 1000 * 0.9 <= granted <= 2 * 1000 + 1000


def test_a_busy_caller_costs_the_store_next_to_nothing(world):
    for _ in range(3000):  # for two seconds at 1,500 a second
        world.micros += 666
        assert 1 == world.ask(FAST).granted

    assert world.calls < 50


def test_a_caller_who_comes_seldom_leases_nothing(world):
    for _ in range(10):
        world.ask(FAST)
        world.micros += LEASE

    assert 89_999 == world.ask(FAST).remaining


def test_many_at_once_do_not_each_lease(world):
    rate = Rate(600, 60)
    world.ask(rate)
    together = threading.Barrier(20)
    spend = world._store.spend

    class Slow:
        def spend(self, name, rate, *, need, want):
            together.wait(10)
            return spend(name, rate, need=need, want=want)

    world._store = Slow()
    with ThreadPoolExecutor(20) as pool:
        remaining = min(spending.remaining for spending in pool.map(lambda _: world.ask(rate), range(20)))

    assert remaining >= 600 - 21 - LEASE // rate.interval


def test_other_callers_are_not_refused_for_one(world):
    world.ask(units=3)

    assert (0, 1) == (world.ask().granted, world.ask(name="b").granted)


def test_fewer_units_may_be_had_when_many_may_not(world):
    world.ask(units=2)

    assert (0, 1) == (world.ask(units=2).granted, world.ask().granted)


@given(
    st.builds(Rate, st.integers(1, 2000), st.integers(1, 60)),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, SECOND // 2), st.integers(1, 5)), max_size=150),
)
def test_no_number_of_processes_grants_more_than_the_rate(rate, history):
    """But for what grows back in the time of a lease, which may be used a little later than it was taken."""
    world, total, first = World(processes=3), 0, None
    for process, pause, units in history:
        world.micros += pause
        first = world.micros if first is None else first
        total += world.ask(rate, units, process=process).granted

        assert total <= rate.quota + (world.micros - first + LEASE) // rate.interval


def test_a_store_that_is_away_stops_nobody_and_grants_a_share(world):
    world.away = True

    granted = [world.ask(Rate(40, 60)).granted for _ in range(20)]

    assert 40 // LOCAL_SHARES == sum(granted)
    assert 1 == world.calls
    assert 0 < world.ask(Rate(40, 60)).retry_after <= 6 * SECOND


def test_a_process_goes_on_alone_from_its_share_of_what_there_was(world):
    rate = Rate(40, 60)
    world.ask(rate, 20)
    world.away = True

    assert 20 // LOCAL_SHARES == sum(world.ask(rate).granted for _ in range(20))


def test_one_lost_answer_after_another_does_not_use_up_the_share(world):
    rate = Rate(400, 60)
    granted = 0
    for n in range(200):
        world.away = n % 2 == 0
        world.micros += SECOND // 5
        granted += world.ask(rate).granted

    assert 200 == granted


def test_a_store_that_is_back_is_found_within_a_second(world):
    world.away = True
    world.ask()
    world.away = False
    world.micros += SECOND

    assert [1, 1, 1, 0] == [world.ask().granted for _ in range(4)]


def test_callers_without_number_are_not_all_remembered(world):
    for n in range(limits.MAX_ACCOUNTS + 10):
        world.ask(name=f"caller-{n}")

    assert limits.MAX_ACCOUNTS == len(world.limiters[0]._accounts)

"""Users of one tenant have equal parts of its share, and naming more of them does not make it larger."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from heapq import heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory_line import Line
from shared.core import schedule
from shared.core.change import CancelRequested
from shared.core.job import advance
from shared.core.priority import Priority
from shared.core.schedule import Turn, cost, turn
from shared.core.terms import Terms
from tests.unit.core.samples import NOON, QUEUED

COST = 1000
LEAD = 40 * COST
"""Short, so that it is soon used up."""


class Platform:
    """One worker and a line before it. Names of jobs begin with their tenant's."""

    def __init__(self):
        self.line = Line()
        self.turns = {}
        self.waiting = Counter()
        self._line = []

    def ask(self, tenant, user=None, count=1, *, size=COST, lead=LEAD):
        for _ in range(count):
            name = f"{tenant}/{user}/{len(self.turns):06}"
            self.turns[name] = Turn(size, f"{tenant}/normal", user, lead)
            self.line.join(name, self.turns[name], 0)
            self.waiting[tenant] += 1
            heappush(self._line, (self.line.places[name], name))

    def draw(self):
        """The next job: its tenant and user, and its cost."""
        _, name = heappop(self._line)
        self.line.take(name)
        tenant, user, _ = name.split("/")
        self.waiting[tenant] -= 1
        return tenant, user, self.turns[name].cost

    def drawn(self, count):
        return [self.draw()[:2] for _ in range(count)]


def test_five_jobs_of_one_user_do_not_wait_for_five_hundred_of_another():
    platform = Platform()
    platform.ask("a", "ada", 500, lead=500 * COST)
    platform.ask("a", "bob", 5, lead=500 * COST)

    assert 5 == platform.drawn(15).count(("a", "bob"))


def test_nor_for_five_hundred_that_name_no_user():
    platform = Platform()
    platform.ask("a", None, 500, lead=500 * COST)
    platform.ask("a", "bob", 5, lead=500 * COST)

    assert 5 == platform.drawn(15).count(("a", "bob"))


@pytest.mark.parametrize("users", [2, 3, 10])
def test_users_who_ask_at_the_same_time_have_equal_parts(users):
    platform = Platform()
    for _ in range(30):
        for user in range(users):
            platform.ask("a", f"u{user}")

    for count in range(users, 30 * users, users):
        counts = Counter(platform.drawn(users))
        assert {1} == set(counts.values()), f"after {count} jobs"


def test_one_user_alone_is_as_a_tenant_that_names_none():
    named, unnamed = Platform(), Platform()
    for platform, user in ((named, "ada"), (unnamed, None)):
        for size in (1, 50, 3, 3):
            platform.ask("a", user, 5, size=size * COST)
            platform.ask("b", None, 5)
            platform.drawn(3)

    assert list(unnamed.line.places.values()) == list(named.line.places.values())


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 20), st.integers(1, 3)), min_size=20, max_size=60))
def test_however_many_users_it_names_a_tenant_gets_no_more_than_its_share_and_no_less(asked):
    """While both have work, two tenants are never further apart than the lead and a job of each."""
    platform, got = Platform(), Counter()
    platform.ask("b", None, sum(count * size for _, count, size in asked))
    for user, count, size in asked:
        platform.ask("a", f"u{user}", count, size=size * COST)
        for _ in range(5):
            compare(platform, got)
    while platform.waiting["a"] > 1 and platform.waiting["b"]:
        compare(platform, got)


def compare(platform, got):
    if platform.waiting["a"] > 1:
        tenant, _, size = platform.draw()
        got[tenant] += size
        assert -4 * COST <= got["a"] - got["b"] <= LEAD + 4 * COST


def test_a_hundred_users_one_after_the_other_gain_the_lead_and_no_more():
    """The dearest way to come: whoever is first is charged as if alone."""
    platform = Platform()
    for user in range(100):
        platform.ask("a", f"u{user}", 50)
    platform.ask("b", None, 5000)
    counts = Counter(tenant for tenant, _ in platform.drawn(4000))

    assert 2000 < counts["a"] <= 2000 + LEAD / COST / 2 + 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=200))
def test_no_user_s_job_is_behind_the_place_that_it_would_have_without_users(asked):
    named, unnamed = Platform(), Platform()
    for user, size in asked:
        named.ask("a", f"u{user}", size=size * COST)
        unnamed.ask("a", None, size=size * COST)

    assert all(
        mine <= other for mine, other in zip(named.line.places.values(), unnamed.line.places.values(), strict=True)
    )


def test_what_a_user_cancels_costs_the_others_nothing():
    job = replace(QUEUED, metadata={"user": "ada"})
    line = Line()
    line.join(job.id, turn(job), 0)

    line.leave(job.id, schedule.unused(job, advance(job, CancelRequested(), NOON)))
    line.join("other", turn(replace(job, metadata={"user": "bob"})), 0)

    assert {"other": cost(job)} == line.places


def test_the_user_is_the_label_that_openai_s_field_becomes_and_its_name_stays_here():
    named = turn(replace(QUEUED, metadata={"user": "ada@example.com " * 30}))

    assert (turn(QUEUED).flow, turn(QUEUED).cost, 32) == (named.flow, named.cost, len(named.user))
    assert "ada" not in named.user
    assert [None, None] == [turn(replace(QUEUED, metadata=labels)).user for labels in ({}, {"user": ""})]


@pytest.mark.parametrize(("priority", "hours"), [(Priority.LOW, 24 * 16), (Priority.NORMAL, 24), (Priority.HIGH, 1.5)])
def test_the_lead_is_the_same_gpu_time_in_each_class(priority, hours):
    job = replace(QUEUED, metadata={"user": "ada"}, terms=Terms(priority=priority))

    assert timedelta(hours=hours) == timedelta(microseconds=turn(job).lead)

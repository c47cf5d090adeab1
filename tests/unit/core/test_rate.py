"""GCRA: a quota at once, and evenly back. Held against what it promises over any history."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.rate import SECOND, Rate, Spending, spend

RATES = st.builds(Rate, st.integers(1, 1000), st.integers(1, 100))
HISTORIES = st.lists(st.tuples(st.integers(0, 5 * SECOND), st.integers(1, 20), st.integers(0, 20)), max_size=50)
"""Time since the call before, units needed, units wanted beyond that."""


def test_a_quota_is_there_at_once_and_one_unit_more_after_each_interval():
    rate, full_at, granted = Rate(3, 60), 0, []
    for at in (0, 0, 0, 0, 19_999_999, 20_000_000, 20_000_000, 60_000_000, 60_000_000, 60_000_000):
        spending, full_at = spend(rate, full_at, at, need=1, want=1)
        granted.append(spending.granted)

    assert [1, 1, 1, 0, 0, 1, 0, 1, 1, 0] == granted


def test_it_says_what_is_left_and_when_there_is_more():
    rate = Rate(3, 60)

    first, full_at = spend(rate, 0, 5, need=2, want=2)
    refused, _ = spend(rate, full_at, 5, need=2, want=2)

    assert Spending(granted=2, remaining=1, retry_after=0, reset=40 * SECOND) == first
    assert Spending(granted=0, remaining=1, retry_after=20 * SECOND, reset=40 * SECOND) == refused


@pytest.mark.parametrize(("need", "want", "granted"), [(1, 2, 2), (1, 9, 3), (3, 9, 3), (4, 9, 0)])
def test_what_is_wanted_is_granted_in_part_and_what_is_needed_whole_or_not(need, want, granted):
    assert granted == spend(Rate(3, 60), 0, 0, need=need, want=want)[0].granted


@given(RATES, HISTORIES)
def test_no_history_grants_more_than_a_quota_and_what_grew_back(rate, history):
    at, full_at, total, first = 0, 0, 0, None
    for pause, need, more in history:
        at += pause
        first = at if first is None else first
        spending, full_at = spend(rate, full_at, at, need=need, want=need + more)
        total += spending.granted

        assert spending.granted == 0 or need <= spending.granted <= need + more
        assert total <= rate.quota + (at - first) // rate.interval


@given(RATES, HISTORIES)
def test_who_waits_as_told_is_granted_and_not_a_moment_earlier(rate, history):
    at, full_at = 0, 0
    for pause, need, _ in history:
        at += pause
        spending, full_at = spend(rate, full_at, at, need=need, want=need)
        if spending.retry_after and need <= rate.quota:
            early, _ = spend(rate, full_at, at + spending.retry_after - 1, need=need, want=need)
            then, _ = spend(rate, full_at, at + spending.retry_after, need=need, want=need)
            assert (0, need) == (early.granted, then.granted)


@given(RATES, st.integers(0, 10**17), st.integers(0, 10**12))
def test_nobody_waits_longer_than_for_a_whole_quota_whatever_the_clock_did(rate, full_at, at):
    spending, after = spend(rate, full_at, at, need=rate.quota, want=rate.quota)

    assert spending.retry_after <= rate.whole
    assert spending.reset <= rate.whole
    assert after <= at + rate.whole


def test_a_share_of_a_rate_is_never_nothing():
    assert (Rate(15, 60), Rate(1, 60)) == (Rate(60, 60).shared(4), Rate(3, 60).shared(4))

"""The server's time goes on between two answers, and for no longer than is safe."""

from datetime import timedelta

from shared.adapters.redis_clock import FRESH_S, ServerClock
from tests.stores import START


def test_it_goes_on_with_our_own_time_and_then_asks_again():
    passed = [0.0]
    clock = ServerClock(lambda: passed[0])
    assert clock.now() is None

    clock.heard(START)
    passed[0] = FRESH_S / 2
    assert START + timedelta(seconds=FRESH_S / 2) == clock.now()
    passed[0] = FRESH_S
    assert clock.now() is None


def test_the_last_answer_counts_even_if_the_servers_clock_was_set_back():
    passed = [0.0]
    clock = ServerClock(lambda: passed[0])
    clock.heard(START)
    clock.heard(START - timedelta(hours=1))

    assert START - timedelta(hours=1) == clock.now()

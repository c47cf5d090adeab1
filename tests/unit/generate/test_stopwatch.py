"""Where the time goes: laps add up, and one inside of another is not counted twice."""

import pytest

from functions.generate.stopwatch import Lap, Stopwatch
from shared.core.timings import Timings


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_known_before_it_was_measured():
    start = Timings(cold_start_s=3.0, load_s=2.0)

    assert start == Stopwatch(start).timings


def test_laps_of_the_same_kind_add_up_and_time_between_them_is_nobodys():
    hand = Hand()
    watch = Stopwatch(Timings(), hand)

    for _ in range(3):
        with watch.lap(Lap.DENOISE):
            hand.now += 2
        hand.now += 50

    assert Timings(denoise_s=6.0) == watch.timings


def test_a_lap_that_runs_inside_of_another_stops_it_meanwhile():
    hand = Hand()
    watch = Stopwatch(Timings(), hand)

    with watch.lap(Lap.ENCODE):
        hand.now += 1
        with watch.lap(Lap.DECODE):
            hand.now += 10
        hand.now += 2

    assert Timings(encode_s=3.0, decode_s=10.0) == watch.timings


def broken_lap(watch: Stopwatch, hand: Hand) -> None:
    with watch.lap(Lap.UPLOAD):
        hand.now += 4
        assert Timings(upload_s=4.0) == watch.timings
        hand.now += 1
        raise TimeoutError


def test_a_lap_can_be_read_while_it_runs_and_ends_with_what_breaks_it():
    hand = Hand()
    watch = Stopwatch(Timings(), hand)

    with pytest.raises(TimeoutError):
        broken_lap(watch, hand)
    hand.now += 7

    assert Timings(upload_s=5.0) == watch.timings

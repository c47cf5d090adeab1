"""Two stages at once, and either of them failing."""

from __future__ import annotations

import threading

import pytest

from functions.generate.overlap import Broken, overlapped


def test_everything_arrives_in_order():
    for count in (0, 1, 2, 50):
        arrived = []
        overlapped(iter(range(count)), arrived.extend)
        assert list(range(count)) == arrived


def test_the_stages_work_at_the_same_time():
    """Each waits for the other in its middle: one after the other they would stand still."""
    making, taking = threading.Event(), threading.Event()

    def items():
        yield 1
        making.set()
        assert taking.wait(5)
        yield 2

    def consume(chunks):
        next(chunks)
        taking.set()
        assert making.wait(5)
        assert [2] == list(chunks)

    overlapped(items(), consume)


def test_no_more_than_one_item_waits():
    made, taken = [], []

    def items():
        for number in range(20):
            made.append(number)
            yield number

    def consume(chunks):
        for chunk in chunks:
            # One in each hand, and none between: it is handed over when the one before is done.
            assert len(made) - len(taken) <= 3
            taken.append(chunk)

    overlapped(items(), consume)
    assert made == taken


class Mishap(Exception):
    pass


def test_what_the_earlier_stage_raises_ends_the_later_one_and_is_raised():
    ended = []

    def items():
        yield 1
        raise Mishap

    def consume(chunks):
        try:
            list(chunks)
        except Broken:
            ended.append("broken")
            raise

    with pytest.raises(Mishap):
        overlapped(items(), consume)
    assert ["broken"] == ended
    assert not [t for t in threading.enumerate() if t.name.startswith("overlap")]


@pytest.mark.parametrize("after", [0, 1, 3])
def test_what_the_later_stage_raises_stops_the_earlier_one_and_is_raised(after):
    made = []

    def items():
        for number in range(1000):
            made.append(number)
            yield number

    def consume(chunks):
        for _ in range(after):
            next(chunks)
        raise Mishap

    with pytest.raises(Mishap):
        overlapped(items(), consume)
    assert len(made) <= after + 2


def test_a_later_stage_that_has_enough_stops_the_earlier_one():
    made = []
    overlapped((made.append(number) for number in range(1000)), next)
    assert len(made) <= 3

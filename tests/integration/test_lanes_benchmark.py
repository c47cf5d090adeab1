"""In virtual time long videos neither starve nor block (decision 28), and the benchmark that shows it runs to its end."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from bench.lanes import LAYOUTS, Day, played
from shared.core.priority import Priority

POOL = LAYOUTS["one pool of 8"]
HOURS = 2.0
BURST = Day(short=3, long=0.5, at_once=50)


def waits(day, *, long):
    ends, asleep = played(day, POOL, HOURS)
    assert 0 == asleep
    assert len(list(day.asked(HOURS))) == len(ends)
    return [end.waited for end in ends if end.long is long]


@pytest.mark.parametrize(
    ("day", "ninety"),
    [
        pytest.param(BURST, 180, id="of another tenant"),
        pytest.param(replace(BURST, tenant="ada", priority=Priority.LOW), 180, id="of the same, asked for as low"),
        pytest.param(replace(BURST, tenant="ada", user="byron"), 300, id="of the same, for another user"),
    ],
)
def test_fifty_long_ones_at_once_do_not_block_the_short_ones(day, ninety):
    """All GPUs begin a long one at once: until their turns are out of step, some short ones wait for several."""
    short = sorted(waits(day, long=False))
    assert short[len(short) * 9 // 10] <= ninety
    assert short[-1] <= 600


def test_of_one_tenant_priority_and_user_who_asks_first_is_drawn_first():
    """The order that decision 28 tells an operator of, with what helps."""
    assert max(waits(replace(BURST, tenant="ada"), long=False)) > 3000


def test_long_ones_do_not_starve_though_more_short_ones_come_than_can_be_drawn():
    ends, _ = played(Day(short=9, long=0.5), POOL, HOURS)
    long = [end.took for end in ends if end.long]
    assert long
    assert max(long) < HOURS * 3600 / 2


def test_a_lane_sleeps_beside_the_queue_of_the_other_when_the_guess_was_wrong():
    mostly_short = Day(short=5.5, long=0.5)
    (pool, asleep), (lanes, beside) = (played(mostly_short, LAYOUTS[name], HOURS) for name in list(LAYOUTS)[:2])
    assert (0, True) == (asleep, beside > 1)
    assert max(end.waited for end in pool) * 10 < max(end.waited for end in lanes)


def test_it_runs_to_its_end_and_tells_every_number(pytestconfig):
    command = [sys.executable, "bench/lanes.py", "--quick"]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, timeout=150)

    assert (0, "") == (done.returncode, done.stderr)
    assert 15 == done.stdout.count("GPU-hours")

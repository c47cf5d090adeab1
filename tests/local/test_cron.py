from __future__ import annotations

from datetime import UTC, datetime

import pytest

from local import cron

TICKS = [
    ("* * * * *", "2026-01-01 00:00:30", "2026-01-01 00:01"),
    ("* * * * *", "2026-01-01 00:01:00", "2026-01-01 00:02"),
    ("*/15 * * * *", "2026-01-01 00:46:00", "2026-01-01 01:00"),
    ("5 4 * * *", "2026-01-01 04:05:00", "2026-01-02 04:05"),
    ("0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00"),
    ("0 9-17/4 * * mon-fri", "2026-01-02 17:30:00", "2026-01-05 09:00"),
    ("0 0 1 jan,JUL *", "2026-01-01 00:00:00", "2026-07-01 00:00"),
    ("0 0 13 * 5", "2026-01-01 00:00:00", "2026-01-02 00:00"),
    ("0 0 13 * *", "2026-01-01 00:00:00", "2026-01-13 00:00"),
    ("30/20 1 * * ?", "2026-01-01 01:30:00", "2026-01-01 01:50"),
    ("59 23 31 12 *", "2026-12-31 23:59:00", "2027-12-31 23:59"),
]


@pytest.mark.parametrize(("schedule", "at", "tick"), TICKS)
def test_the_next_tick(schedule, at, tick):
    after = cron.read(schedule).after(datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert tick == after.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    "schedule", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "x * * * *"]
)
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(cron.BadSchedule):
        cron.read(schedule)


def test_a_date_that_never_comes_is_refused():
    with pytest.raises(cron.BadSchedule, match="never comes"):
        cron.read("0 0 30 2 *").after(datetime(2026, 1, 1, tzinfo=UTC))

"""Names for things."""

import re
from datetime import timedelta

from shared.core.ids import delivery_id, event_id, new_attempt_id, new_job_id
from tests.unit.core.samples import NOON

ULID = "[0-9A-HJKMNP-TV-Z]{26}"


def test_a_job_is_named_by_a_ulid():
    assert re.fullmatch(f"video_{ULID}", new_job_id(NOON))


def test_jobs_sort_by_the_time_they_were_made():
    times = [NOON + timedelta(milliseconds=n) for n in (0, 1, 2, 1000, 86_400_000)]
    ids = [new_job_id(at) for at in times]

    assert sorted(ids) == ids


def test_jobs_of_one_moment_have_names_of_their_own():
    assert 1000 == len({new_job_id(NOON) for _ in range(1000)})


def test_an_attempt_is_128_random_bits():
    attempts = {new_attempt_id() for _ in range(1000)}

    assert 1000 == len(attempts)
    assert all(re.fullmatch("[0-9a-f]{32}", attempt) for attempt in attempts)


def test_events_and_callbacks_are_named_by_the_change_that_caused_them():
    assert "evt_01KDYQ3W00AAAAAAAAAAAAAAAA_3" == event_id("video_01KDYQ3W00AAAAAAAAAAAAAAAA", 3)
    assert "wd_01KDYQ3W00AAAAAAAAAAAAAAAA_3" == delivery_id("video_01KDYQ3W00AAAAAAAAAAAAAAAA", 3)


def test_no_id_has_a_dot_that_would_blur_what_is_signed():
    job = new_job_id(NOON)

    assert "." not in job + event_id(job, 1) + delivery_id(job, 1)

"""What a video that is asked for again keeps of the first one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.job import Job, JobState
from shared.core.retry import retried
from tests.unit.core.samples import IN_STATE, NOON, SECOND

EXPIRED = IN_STATE[JobState.EXPIRED]
LATER = NOON + timedelta(hours=5)


def again(job: Job) -> Job:
    return retried(job, job_id="video_2", at=LATER, queue_ttl=timedelta(hours=2), max_losses=3)


def test_a_remix_asked_for_again_is_still_one_of_the_same_video() -> None:
    job = again(replace(EXPIRED, remixed_from="video_0"))

    assert ("video_0", EXPIRED.id) == (job.remixed_from, job.retried_from)


@pytest.mark.parametrize(("asked", "gets"), [(60, 60), (7200, 7200), (90_000, 7200)])
def test_it_may_wait_as_long_as_the_first_one_but_no_longer_than_any(asked: int, gets: int) -> None:
    assert LATER + gets * SECOND == again(replace(EXPIRED, expires_at=NOON + asked * SECOND)).expires_at


@pytest.mark.parametrize("left", [0, 1, 60])
def test_when_an_event_expired_is_no_matter_to_who_asks_for_its_video_later(left: int) -> None:
    asked_by_event = replace(EXPIRED, cause="1", expires_at=NOON + left * SECOND)

    assert LATER + timedelta(hours=2) == again(asked_by_event).expires_at

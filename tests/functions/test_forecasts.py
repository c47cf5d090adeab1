"""What submit foretells: fresh, cheap, and no reason for a Video to fail."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from functions.submit.app import create_app
from functions.submit.forecasts import LIFE_S, Forecasts
from shared.core.errors import Unavailable
from shared.core.forecast import Outlook
from shared.core.ids import new_attempt_id
from shared.core.progress import Phase, Progress
from shared.core.run import Run
from shared.core.timings import Timings
from shared.core.work import Work
from tests.functions.jobs import complete, queue


class Hand:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """A store that counts what it is asked, and can be away."""

    def __init__(self, store) -> None:
        self._store = store
        self.asked = Counter()
        self.away = False

    def __getattr__(self, name):
        def ask(*args, **kwargs):
            self.asked[name] += 1
            if self.away:
                raise Unavailable("the job store does not answer")
            return getattr(self._store, name)(*args, **kwargs)

        return ask


def taught(services, job, seconds: float, *, cold: float = 7.0) -> None:
    run = Run(work=Work.of(job.request), gpu="cpu", seconds=seconds, cold_start_s=cold, at=datetime.now(UTC))
    services.runs.add(run)


def test_a_queued_video_tells_when_it_may_be_there(client, auth, services):
    job = queue(services)
    taught(services, job, 20.0)

    video = client.get(f"/v1/videos/{job.id}", headers=auth).json

    assert "cold_starting" == video["phase"]
    assert 25 <= video["eta_seconds"] <= 27


def test_a_running_video_tells_it_by_its_own_pace(client, auth, services, settings):
    job = queue(services)
    attempt = new_attempt_id()
    services.jobs.claim(attempt, settings.lease)
    timings = Timings(denoise_s=300.0)
    services.jobs.report(
        job.id, Progress(attempt=attempt, phase=Phase.DENOISING, step=3, total_steps=4, timings=timings)
    )

    video = client.get(f"/v1/videos/{job.id}", headers=auth).json

    assert ("denoising", 3, 300.0) == (video["phase"], video["step"], video["timings"]["denoise_s"])
    assert 100 < video["eta_seconds"] < 110


def test_a_video_that_is_over_is_told_without_looking_at_the_queue(services, settings, auth):
    job = complete(services, settings, queue(services).id)
    runs = Counting(services.runs)
    client = create_app(settings, replace(services, runs=runs)).test_client()

    assert None is client.get(f"/v1/videos/{job.id}", headers=auth).json["eta_seconds"]
    assert Counter() == runs.asked


def test_the_queue_is_looked_at_once_a_second_whoever_asks(services, settings):
    standing = services.jobs.standing(queue(services).id)
    runs, hand = Counting(services.runs), Hand()
    forecasts = Forecasts(replace(services, runs=runs), settings, hand)

    for _ in range(50):
        assert forecasts.outlook(standing).waking
    assert 1 == runs.asked["recent"]
    hand.now += LIFE_S
    forecasts.outlook(standing)
    assert 2 == runs.asked["recent"]


def test_time_goes_on_between_two_looks(services, settings):
    job = queue(services)
    taught(services, job, 20.0, cold=7.5)
    hand = Hand()
    forecasts = Forecasts(services, settings, hand)
    first = forecasts.outlook(services.jobs.standing(job.id))
    hand.now += 0.9

    assert first.eta_s - 1 == forecasts.outlook(services.jobs.standing(job.id)).eta_s


def test_a_store_of_runs_that_is_away_costs_the_foretelling_only(services, settings, auth):
    job = queue(services)
    runs = Counting(services.runs)
    runs.away = True
    client = create_app(settings, replace(services, runs=runs)).test_client()

    video = client.get(f"/v1/videos/{job.id}", headers=auth)

    assert (200, None, "waiting", 0) == (
        video.status_code,
        video.json["eta_seconds"],
        video.json["phase"],
        video.json["queue_position"],
    )


def test_what_was_known_is_told_on_while_the_store_is_away(services, settings):
    standing = services.jobs.standing(queue(services).id)
    runs, hand = Counting(services.runs), Hand()
    forecasts = Forecasts(replace(services, runs=runs), settings, hand)
    known = forecasts.outlook(standing)
    runs.away, hand.now = True, 10 * LIFE_S

    assert known != Outlook()
    assert forecasts.outlook(standing).waking


@pytest.mark.parametrize("wait", ["", "?wait=1"])
def test_a_caller_who_has_the_video_is_not_told_of_another_second(services, settings, auth, wait):
    job = queue(services)
    taught(services, job, 20.0)
    client = create_app(settings, services).test_client()
    first = client.get(f"/v1/videos/{job.id}", headers=auth)
    taught(services, job, 500.0)
    known = {"If-None-Match": first.headers["ETag"]}

    answers = [client.get(f"/v1/videos/{job.id}{wait}", headers=auth | known) for _ in range(2)]

    assert first.headers["ETag"].startswith('W/"')
    assert [304, 304] == [answer.status_code for answer in answers]

"""Following a job: what a caller has already, how long he is held, and when he is told to ask again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from functions import kit
from functions.submit.app import create_app
from functions.submit.following import Follower
from functions.submit.handler import Videos
from functions.submit.lookout import Lookout
from shared.core.access import Caller
from shared.core.errors import Busy, Unavailable
from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, Completed
from shared.core.progress import Phase, Progress
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.stores import OUTPUT


@pytest.fixture
def app(settings, services):
    return create_app(settings, services)


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as threads:
        yield threads


def timed(call):
    start = time.monotonic()
    return call(), time.monotonic() - start


def test_a_caller_who_has_this_very_view_is_sent_none(client, auth, services):
    url = f"/v1/videos/{queue(services).id}"
    whole = client.get(url, headers=auth)

    same = client.get(url, headers=auth | {"If-None-Match": whole.headers["ETag"]})
    other = client.get(url, headers=auth | {"If-None-Match": '"another"'})

    assert (304, b"", whole.headers["ETag"]) == (same.status_code, same.data, same.headers["ETag"])
    assert "1000" == same.headers["openai-poll-after-ms"]
    soon = {"eta_seconds": other.json["eta_seconds"]}  # a second may be over
    assert (200, whole.json | soon) == (other.status_code, other.json)


def test_each_thing_that_a_caller_can_see_makes_another_tag(client, auth, services):
    job = queue(services)
    url = f"/v1/videos/{job.id}"
    tags = [client.get(url, headers=auth).headers["ETag"]]
    attempt = new_attempt_id()
    steps = [
        lambda: services.jobs.claim(attempt, timedelta(seconds=9)),
        lambda: services.jobs.report(job.id, Progress(attempt=attempt, phase=Phase.DENOISING, step=1, total_steps=4)),
        lambda: services.jobs.report(job.id, Progress(attempt=attempt, phase=Phase.DENOISING, step=2, total_steps=4)),
        lambda: services.jobs.apply(job.id, Completed(attempt, OUTPUT)),
    ]
    for step in steps:
        step()
        tags.append(client.get(url, headers=auth).headers["ETag"])

    assert len(steps) + 1 == len(set(tags))


def test_who_stands_far_back_is_told_to_ask_seldom_and_who_is_done_never(client, auth, services):
    jobs = [queue(services) for _ in range(5)]

    def pace(job):
        return client.get(f"/v1/videos/{job.id}", headers=auth).headers.get("openai-poll-after-ms")

    assert ("1000", "2000") == (pace(jobs[0]), pace(jobs[4]))
    services.jobs.apply(jobs[0].id, CancelRequested())
    assert (None, "1750") == (pace(jobs[0]), pace(jobs[4]))


def test_a_waiting_caller_hears_of_the_change_when_it_happens(app, auth, services, pool):
    job = queue(services)
    held = pool.submit(timed, lambda: app.test_client().get(f"/v1/videos/{job.id}?wait=30", headers=auth))
    time.sleep(0.2)
    assert not held.done()
    services.jobs.claim("a", timedelta(seconds=9))

    answer, seconds = held.result(10)

    assert (200, "running") == (answer.status_code, answer.json["state"])
    assert seconds < 5


def test_a_caller_waits_no_longer_than_he_asked_and_then_hears_how_it_stands(client, auth, services):
    job = queue(services)

    answer, seconds = timed(lambda: client.get(f"/v1/videos/{job.id}?wait=1", headers=auth))

    assert (200, "queued") == (answer.status_code, answer.json["state"])
    assert 1 <= seconds < 5


def test_what_is_over_or_new_to_the_caller_is_told_at_once(client, auth, services):
    queued, over = queue(services), queue(services)
    services.jobs.apply(over.id, CancelRequested())

    told, seconds = timed(lambda: client.get(f"/v1/videos/{over.id}?wait=30", headers=auth))
    assert ("cancelled", True) == (told.json["state"], seconds < 5)

    headers = auth | {"If-None-Match": '"before"'}
    told, seconds = timed(lambda: client.get(f"/v1/videos/{queued.id}?wait=30", headers=headers))
    assert (200, True) == (told.status_code, seconds < 5)


def test_a_video_deleted_under_a_waiting_caller_is_not_found(app, auth, services, pool):
    job = queue(services)
    held = pool.submit(lambda: app.test_client().get(f"/v1/videos/{job.id}?wait=30", headers=auth))
    time.sleep(0.2)
    app.test_client().delete(f"/v1/videos/{job.id}", headers=auth)

    assert 404 == held.result(10).status_code


@pytest.mark.parametrize("text", ["0", "31", "-1", "1.5", "x", "", "\N{SUPERSCRIPT TWO}"])
def test_a_wrong_wait_is_named(client, auth, services, text):
    answer = client.get(f"/v1/videos/{queue(services).id}", query_string={"wait": text}, headers=auth)

    assert (400, ["/wait"]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])


def test_only_some_may_wait_and_the_others_are_answered_at_once(services, settings, pool):
    videos, drain, ada = Videos(services, settings), threading.Event(), Caller("default", "0a1b2c3d")
    lookout = Lookout(services.jobs, services.changes, videos.shown, drain, places=3)
    follower, video = Follower(videos, lookout), videos.get(ada, queue(services).id)
    held = [pool.submit(follower.changed, ada, video, 30) for _ in range(3)]
    eventually(lambda: _is_full(lookout, video["id"]))

    told, seconds = timed(lambda: follower.changed(ada, video, 30))
    assert (video, True) == (told, seconds < 5)

    drain.set()
    assert [video] * 3 == [waiting.result(5) for waiting in held]
    drain.clear()
    told, seconds = timed(lambda: follower.changed(ada, video, 1))
    assert seconds >= 1, "the places were not given back"


def _is_full(lookout, job_id):
    try:
        lookout.watch(job_id, "default").leave()
    except Busy:
        return True
    return False


def test_who_waits_is_answered_when_the_process_stops(app, auth, services, pool):
    job = queue(services)
    held = pool.submit(lambda: app.test_client().get(f"/v1/videos/{job.id}?wait=30", headers=auth))
    time.sleep(0.2)
    assert not held.done()

    kit.drain_of(app).set()

    assert (200, "queued") == (held.result(5).status_code, held.result().json["state"])


@pytest.mark.parametrize("header", ["wait=20", "respond-async, Wait=20", 'wait="20"; foo', "wait=99999"])
def test_a_caller_may_prefer_to_wait_for_the_end_of_what_he_creates(app, auth, services, pool, header):
    def create():
        return app.test_client().post("/v1/videos", json={"prompt": "x"}, headers=auth | {"Prefer": header})

    held = pool.submit(timed, create)
    job_id = eventually(lambda: services.jobs.waiting(1))[0]
    services.jobs.claim("a", timedelta(seconds=9))
    time.sleep(0.6)
    assert not held.done()
    services.jobs.apply(job_id, Completed("a", OUTPUT))

    answer, seconds = held.result(10)

    assert (200, "completed") == (answer.status_code, answer.json["status"])
    assert f"wait={30 if '9' in header else 20}" == answer.headers["Preference-Applied"]
    assert "openai-poll-after-ms" not in answer.headers
    assert seconds < 5


@pytest.mark.parametrize("header", ["respond-async", "wait", "wait=x", "wait=0", "await=9", ""])
def test_any_other_preference_is_no_reason_to_wait(client, auth, header):
    create = {"json": {"prompt": "x"}, "headers": auth | {"Prefer": header}}

    answer, seconds = timed(lambda: client.post("/v1/videos", **create))

    assert (202, None) == (answer.status_code, answer.headers.get("Preference-Applied"))
    assert seconds < 0.9


class _GoneForReaders:
    """A job store that takes jobs and cannot be asked for any."""

    def __init__(self, jobs):
        self._jobs = jobs

    def __getattr__(self, name):
        return getattr(self._jobs, name)

    def standing(self, job_id):
        raise Unavailable("the store is away")


def test_a_store_that_goes_away_does_not_take_back_what_was_accepted(auth, services, settings):
    client = create_app(settings, replace(services, jobs=_GoneForReaders(services.jobs))).test_client()

    answer = client.post("/v1/videos", json={"prompt": "x"}, headers=auth | {"Prefer": "wait=1"})

    assert (202, "queued") == (answer.status_code, answer.json["state"])
    assert answer.json["id"] == services.jobs.get(answer.json["id"]).id

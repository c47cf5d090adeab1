"""A video's story as it is told: from the beginning, from the middle, to its end, and when there is none."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from functions import kit
from functions.submit.app import create_app
from functions.submit.event_stream import EventStream
from functions.submit.handler import Videos
from functions.submit.live import Live
from functions.submit.lookout import Lookout
from functions.submit.watcher import Sight, Watcher
from shared.core.access import Caller, new_api_key
from shared.core.errors import Busy, Unavailable
from shared.core.ids import new_attempt_id
from shared.core.job import CancelRequested, Completed, Expired, Failed, Yielded
from shared.core.progress import Phase, Progress
from shared.core.standing import Mark, Standing
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.server_sent import events, messages
from tests.stores import ERROR, OUTPUT

LEASE = timedelta(seconds=9)
ADA = Caller("default", "0a1b2c3d")


@pytest.fixture
def app(settings, services):
    return create_app(settings, services)


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as threads:
        yield threads


@pytest.fixture
def follow(app, auth):
    """Opens a stream; what is opened is closed at the end, as a server does."""
    opened = []

    def open_(job_id, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = app.test_client().get(f"/v1/videos/{job_id}/events", headers=auth | named)
        opened.append(response)
        return response

    yield open_
    for response in opened:
        response.close()


def report(services, job, step):
    progress = Progress(attempt=job.attempt, phase=Phase.DENOISING, step=step, total_steps=4)
    services.jobs.report(job.id, progress)


def claim(services):
    return services.jobs.claim(new_attempt_id(), LEASE)


def watchers(app, auth):
    text = app.test_client().get("/metrics", headers=auth).text
    return float(re.search(r"^flipbook_watchers (\S+)", text, re.MULTILINE)[1])


def test_a_story_is_told_from_the_queue_to_the_end_and_then_closed(services, follow):
    job = queue(services)
    response = follow(job.id)
    story = events(response.response)
    told = [next(story)]
    running = claim(services)
    told.append(next(story))
    for step in (1, 2):
        report(services, running, step)
        told.append(next(story))
    services.jobs.apply(job.id, Completed(running.attempt, OUTPUT))
    told += story  # to its end

    assert (200, "text/event-stream; charset=utf-8") == (response.status_code, response.headers["Content-Type"])
    assert [
        ("state", "queued"), ("state", "running"), ("progress", "running"), ("progress", "running"),
        ("completed", "completed"),
    ] == [message.state for message in told]  # fmt: skip
    assert [None, 1, 2] == [message.data["step"] for message in told[1:4]]
    marks = [Mark.read(message.id) for message in told]
    assert marks == sorted(set(marks))


def test_each_event_is_the_video_as_it_would_be_fetched(services, follow, client, auth):
    job = queue(services)

    first = next(events(follow(job.id).response))

    assert client.get(f"/v1/videos/{job.id}", headers=auth).json == first.data


ENDS = {
    "cancelled": lambda jobs, job: jobs.apply(job.id, CancelRequested()),
    "expired": lambda jobs, job: jobs.apply(job.id, Expired()),
    "failed": lambda jobs, job: jobs.apply(job.id, Failed(jobs.claim("a", LEASE).attempt, ERROR)),
}


@pytest.mark.parametrize("name", ENDS)
def test_each_end_has_an_event_of_its_own(services, follow, name):
    job = queue(services)
    story = events(follow(job.id).response)
    next(story)

    ENDS[name](services.jobs, job)

    last = list(story)[-1]
    assert (name, name) == last.state


def test_who_comes_back_is_told_what_he_missed_once(services, follow):
    job = queue(services)
    first = next(events(follow(job.id).response))
    running = claim(services)
    report(services, running, 3)

    story = events(follow(job.id, Last_Event_ID=first.id).response)
    missed = next(story)
    assert (("state", "running"), 3) == (missed.state, missed.data["step"])

    again = events(follow(job.id, Last_Event_ID=missed.id).response)
    report(services, running, 4)
    assert [4, 4] == [next(each).data["step"] for each in (again, story)]


def test_who_had_the_last_event_is_told_not_to_come_again(services, follow):
    job = queue(services)
    services.jobs.apply(job.id, CancelRequested())
    (last,) = events(follow(job.id).response)

    done = follow(job.id, Last_Event_ID=last.id)

    assert (204, b"") == (done.status_code, done.data)


@pytest.mark.parametrize("known", ["", "x", "\N{SUPERSCRIPT TWO}.0.0", "99.0.0", "1 OR 1", "1.1.1.1"])
def test_an_event_that_never_was_is_taken_for_none(services, follow, known):
    services.jobs.apply((job := queue(services)).id, CancelRequested())

    assert ["cancelled"] == [m.event for m in events(follow(job.id, Last_Event_ID=known).response)]


def test_a_slice_that_is_over_goes_on_in_the_next_one(services, follow):
    job = queue(services)
    running = claim(services)
    report(services, running, 3)
    story = events(follow(job.id).response)
    told = [next(story)]
    services.jobs.apply(job.id, Yielded(running.attempt))
    told.append(next(story))
    report(services, again := claim(services), 1)
    told.append(next(story))

    assert ["running", "queued", "running"] == [message.data["state"] for message in told]
    assert again.id == job.id
    progress = [message.data["progress"] for message in told]
    assert progress == sorted(progress)


def test_another_tenants_story_and_none_are_not_found(settings_with, services, api_key):
    other = new_api_key()
    client = create_app(settings_with(API_KEYS=f"{api_key} other={other}"), services).test_client()
    url = f"/v1/videos/{queue(services).id}/events"

    foreign = client.get(url, headers={"Authorization": f"Bearer {other}"})
    unknown = client.get("/v1/videos/video_x/events", headers={"Authorization": f"Bearer {other}"})

    assert (404, 404, 401) == (foreign.status_code, unknown.status_code, client.get(url).status_code)


def test_a_video_deleted_under_its_watcher_ends_the_story(services, follow, client, auth):
    job = queue(services)
    claim(services)
    story = events(follow(job.id).response)
    next(story)

    client.delete(f"/v1/videos/{job.id}", headers=auth)

    assert [] == [m for m in story if m.event in ENDS]
    assert 404 == follow(job.id).status_code


def test_a_stop_ends_every_story_at_once(app, services, follow, pool):
    stories = [events(follow(queue(services).id).response) for _ in range(3)]
    for story in stories:
        next(story)
    rest = [pool.submit(list, story) for story in stories]
    began = time.monotonic()

    kit.drain_of(app).set()

    assert [[]] * 3 == [each.result(5) for each in rest]
    assert time.monotonic() - began < 2
    late = list(events(follow(queue(services).id).response))
    assert ["state"] == [message.event for message in late]


def test_who_leaves_gives_his_place_back(app, auth, services, follow):
    responses = [follow(queue(services).id) for _ in range(3)]
    assert 3 == watchers(app, auth)

    for response in responses:
        response.close()
        response.close()

    assert 0 == watchers(app, auth)


def test_a_caller_may_follow_what_he_creates(app, services, auth):
    ask = {"json": {"prompt": "x"}, "headers": auth | {"Accept": "text/event-stream"}}
    response = app.test_client().post("/v1/videos", **ask)
    story = events(response.response)
    first = next(story)
    services.jobs.apply(first.data["id"], CancelRequested())

    assert (202, f"/v1/videos/{first.data['id']}") == (response.status_code, response.headers["Location"])
    assert ["cancelled"] == [message.event for message in story]
    response.close()


@pytest.mark.parametrize("accepted", ["*/*", "application/json", "application/json, text/event-stream;q=0.5", ""])
def test_any_other_caller_gets_the_video(client, auth, accepted):
    answer = client.post("/v1/videos", json={"prompt": "x"}, headers=auth | {"Accept": accepted})

    assert (202, "queued") == (answer.status_code, answer.json["state"])


def test_where_all_places_are_taken_a_creation_is_answered_all_the_same(services, settings):
    live = Live(videos := Videos(services, settings), full(services, videos), settings.request_timeout)

    with pytest.raises(Busy):
        live.open(ADA, queue(services).id)


def full(services, videos):
    return Lookout(services.jobs, services.changes, videos.shown, threading.Event(), places=0)


class _Deaf:
    """Changes that nobody hears of, or whose server is away."""

    def __init__(self, error=None):
        self._error = error
        self._began = False

    def listen(self):
        return self

    def heard(self, within):
        if self._error:
            raise self._error
        began, self._began = self._began, True
        time.sleep(within.total_seconds())
        return frozenset() if began else None

    def close(self):
        pass


def test_a_change_whose_word_was_lost_is_told_all_the_same(services, settings):
    videos, job = Videos(services, settings), queue(services)
    lookout = Lookout(services.jobs, _Deaf(), videos.shown, threading.Event())
    watcher = lookout.watch(job.id, "default")
    assert "queued" == watcher.next(5).standing.job.state
    services.jobs.apply(job.id, CancelRequested())

    assert "cancelled" == watcher.next(20).standing.job.state
    watcher.leave()


class _Away:
    """A job store that cannot be asked for standings while it is away."""

    def __init__(self, jobs):
        self._jobs = jobs
        self.is_away = True

    def __getattr__(self, name):
        return getattr(self._jobs, name)

    def standings(self, job_ids):
        if self.is_away:
            raise Unavailable("the store is away")
        return self._jobs.standings(job_ids)


def test_a_store_that_is_away_is_silence_and_is_heard_again(services, settings):
    videos, job, store = Videos(services, settings), queue(services), _Away(services.jobs)
    lookout = Lookout(store, services.changes, videos.shown, threading.Event())
    watcher = lookout.watch(job.id, "default")
    services.jobs.apply(job.id, CancelRequested())
    assert watcher.next(0.5) is None
    assert not watcher.over

    store.is_away = False

    assert "cancelled" == watcher.next(10).standing.job.state
    watcher.leave()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_the_eyes_sends_everybody_away_and_the_next_one_sees_again(services, settings):
    videos, job = Videos(services, settings), queue(services)
    changes = _Deaf(ZeroDivisionError("a bug"))
    lookout = Lookout(services.jobs, changes, videos.shown, threading.Event())
    watcher = lookout.watch(job.id, "default")
    eventually(lambda: watcher.over)
    watcher.leave()

    changes._error = None

    watcher = lookout.watch(job.id, "default")
    assert "queued" == watcher.next(5).standing.job.state
    watcher.leave()


class _Silent(Watcher):
    def __init__(self, sights=()):
        super().__init__("video_x", lambda _: None)
        self.asked = []
        self._sights = list(sights)

    def next(self, seconds):
        self.asked.append(seconds)
        return self._sights.pop(0) if self._sights else None


def test_silence_is_broken_and_ends_in_time(services, settings):
    first = Sight(Standing(queue(services)), Videos(services, settings).shown)
    watcher = _Silent()

    told = list(messages(text.encode() for text in EventStream(watcher, first, None, seconds=0.05)))

    assert re.fullmatch(r"retry: [1-5]\d{3}", told[0].said)
    assert "state" == told[1].event
    assert {": still here"} == {message.said for message in told[2:]}
    assert max(watcher.asked) <= 0.05
    watcher.over = True
    assert 2 == len(list(EventStream(watcher, first, None, seconds=60)))


def test_older_sights_that_come_late_are_not_told(services, settings):
    show, job = Videos(services, settings).shown, queue(services)
    older, running = Standing(job), Standing(claim(services))
    far, moved = replace(running, position=None, percent=9), replace(older, position=2)
    watcher = _Silent([Sight(older, show), Sight(far, show), Sight(moved, show)])

    stream = EventStream(watcher, Sight(running, show), None, seconds=0.05)

    assert ["running"] == [message.data["state"] for message in events(text.encode() for text in stream)]


def test_a_place_in_the_queue_is_news(services, settings):
    show, job = Videos(services, settings).shown, queue(services)
    watcher = _Silent([Sight(Standing(job, position=n), show) for n in (2, 2, 1)])

    stream = EventStream(watcher, Sight(Standing(job, position=3), show), None, seconds=0.05)

    told = [(m.event, m.data["queue_position"]) for m in events(text.encode() for text in stream)]
    assert [("state", 3), ("progress", 2), ("progress", 1)] == told

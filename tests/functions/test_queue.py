"""/v1/queue and /admin/queue: what is told of the queue, and how its owner holds and empties it."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.recover.handler import Sweeper
from functions.submit.app import create_app
from functions.submit.queue_keeper import Purge, QueueKeeper
from shared.core.access import Caller, new_api_key
from shared.core.events import BELL, CANCELLED
from shared.core.job import JobState
from tests.functions.jobs import queue
from tests.functions.studio import eventually, watched

OWNER = Caller(tenant="default", key_id="owner")


@pytest.fixture
def post(client, auth):
    return lambda path, body=None: client.post(f"/admin/queue/{path}", json=body, headers=auth)


@pytest.fixture
def told(client, auth):
    return lambda: client.get("/v1/queue", headers=auth).json


def bells(services):
    return [event.subject for event in services.publisher.events if BELL in event.extensions]


def pointers(answer):
    return sorted(error["pointer"] for error in answer.json["errors"])


def test_the_queue_is_told_in_numbers_and_nothing_else(services, settings, told):
    now = services.jobs.now()
    for seconds in (5000, 90, 10):
        queue(services, tenant="ada", created_at=now - timedelta(seconds=seconds), queued_at=now)
    services.jobs.claim("a", settings.lease)

    found = told()

    assert 5000 <= found["waits"].pop("p50_seconds") == found["waits"].pop("p95_seconds") < 5005
    assert {
        "object": "queue",
        "paused": False,
        "paused_at": None,
        "waiting": 2,
        "waiting_by_priority": {"low": 0, "normal": 2, "high": 0},
        "running": 1,
        "oldest_wait_seconds": 0,
        "workers": {"drawing": 1, "limit": 16},
        "waits": {"window_seconds": 3600, "count": 1},
    } == found


def test_half_waited_shorter_and_one_in_twenty_longer(services, settings, told):
    now = services.jobs.now()
    for seconds in range(1, 101):
        queue(services, created_at=now - timedelta(seconds=seconds), queued_at=now - timedelta(seconds=seconds))
        services.jobs.claim(f"a{seconds}", settings.lease)

    waits = told()["waits"]

    assert (100, 50, 95) == (waits["count"], int(waits["p50_seconds"]), int(waits["p95_seconds"]))


def test_where_nobody_waited_yet_no_wait_is_told(told):
    assert {"window_seconds": 3600, "count": 0, "p50_seconds": None, "p95_seconds": None} == told()["waits"]


class TestPause:
    def test_while_paused_nothing_is_drawn_and_everything_is_taken(self, client, auth, services, studio, post):
        paused = post("pause", {"reason": "new driver"})
        made = client.post("/v1/videos", json={"prompt": "a red cat"}, headers=auth)
        studio.serve(watched())

        assert (200, "new driver", True) == (paused.status_code, paused.json["reason"], paused.json["paused"])
        assert (202, "queued") == (made.status_code, made.json["status"])
        depth = services.jobs.depth()
        assert (1, 0, True) == (depth.waiting, depth.running, depth.paused)
        assert [] == bells(services)
        assert 200 == client.get("/readyz").status_code

    def test_everybody_sees_that_it_is_paused_and_only_the_owner_why(self, client, auth, post, told):
        post("pause", {"reason": "new driver"})

        assert "new driver" not in str(told())
        assert "new driver" == client.get("/admin/queue", headers=auth).json["reason"]

    def test_who_is_being_drawn_is_drawn_to_its_end(self, services, studio, post):
        job, waiting = queue(services), queue(services)
        engine = watched()
        engine.hold.go.clear()
        serving = studio.start(engine)
        engine.hold.await_reached()
        post("pause")
        engine.hold.go.set()
        serving.result(10)

        assert (JobState.COMPLETED, JobState.QUEUED) == (studio.job(job).state, studio.job(waiting).state)

    def test_no_bell_is_rung_for_a_long_wait_nor_by_who_stops_with_work_left(
        self, services, studio, post, settings_with
    ):
        drawn = queue(services)
        engine = watched()
        engine.hold.go.clear()
        serving = studio.start(engine)
        engine.hold.await_reached()
        post("pause")
        queue(services)
        time.sleep(0.02)

        Sweeper(services, settings_with(RESEND_SECONDS="0.01")).sweep()
        studio.drain.set()
        engine.hold.go.set()
        serving.result(10)

        assert (JobState.QUEUED, 2) == (studio.job(drawn).state, services.jobs.depth().waiting)
        assert [] == bells(services)
        post("resume")
        assert 2 == len(bells(services))

    def test_resuming_wakes_as_many_gpus_as_there_is_work_for(self, services, studio, post):
        post("pause")
        jobs = [queue(services) for _ in range(20)]

        resumed = post("resume")

        assert (200, False, None) == (resumed.status_code, resumed.json["paused"], resumed.json["reason"])
        assert [job.id for job in jobs[:16]] == bells(services)
        studio.serve(watched())
        assert 0 == services.jobs.depth().waiting

    def test_a_broker_that_is_away_does_not_keep_it_paused(self, services, post, told):
        post("pause")
        queue(services)
        services.publisher.down = True

        assert 200 == post("resume").status_code
        assert not told()["paused"]


class TestPurge:
    def test_every_queued_job_goes_and_tells_of_it(self, services, settings, post):
        running = queue(services)
        services.jobs.claim("a", settings.lease)
        jobs = [queue(services, callback="http://127.0.0.1:9/hook") for _ in range(250)]

        answer = post("purge", {})

        assert {
            "object": "queue.purge",
            "dry_run": False,
            "matched": 250,
            "cancelled": 250,
            "has_more": False,
            "next": None,
        } == answer.json
        states = {services.jobs.get(job.id).state for job in jobs}
        assert ({JobState.CANCELLED}, JobState.RUNNING) == (states, services.jobs.get(running.id).state)
        eventually(lambda: len(services.publisher.events) == 250)
        assert [CANCELLED] * 250 == [event.type for event in services.publisher.events]
        assert 250 == services.deliveries.due()
        error = services.jobs.get(jobs[0].id).error
        assert ("job_cancelled", True) == (error.code, "platform's owner" in error.message)

    def test_a_dry_run_counts_and_changes_nothing(self, services, post):
        for _ in range(150):
            queue(services)

        answer = post("purge", {"dry_run": True})

        assert (150, 0, False) == (answer.json["matched"], answer.json["cancelled"], answer.json["has_more"])
        assert 150 == services.jobs.depth().waiting

    def test_only_the_tenant_s_and_only_old_ones_if_so_wished(self, services, post):
        old = services.jobs.now() - timedelta(hours=1)
        kept = [queue(services, tenant="ada"), queue(services, tenant="bob", created_at=old)]
        gone = queue(services, tenant="ada", created_at=old)

        answer = post("purge", {"tenant": "ada", "older_than": 600})

        assert (1, 1) == (answer.json["matched"], answer.json["cancelled"])
        assert JobState.CANCELLED is services.jobs.get(gone.id).state
        assert [JobState.QUEUED] * 2 == [services.jobs.get(job.id).state for job in kept]

    def test_out_of_time_it_says_where_to_go_on(self, services):
        for _ in range(3):
            queue(services, tenant="ada")
        nothing = QueueKeeper(services, budget=0).purge(OWNER, Purge())
        assert (0, True, None) == (nothing["cancelled"], nothing["has_more"], nothing["next"])

    def test_it_goes_on_where_it_stopped(self, services, post):
        for _ in range(3):
            queue(services)
        places = [str(place) for place, _ in services.queue.walk(10)]

        answer = post("purge", {"after": places[0]})

        assert 2 == answer.json["cancelled"]
        assert 0 == post("purge", {"after": places[2]}).json["cancelled"]

    @pytest.mark.parametrize("told", ["as it was", "as it is"])
    def test_a_job_that_a_worker_took_meanwhile_is_left_to_it(self, services, settings, told):
        job = queue(services)
        found = services.queue.walk(10)
        services.jobs.claim("a", settings.lease)
        if told == "as it is":
            found = [(place, services.jobs.get(each.id)) for place, each in found]

        class Late:
            """A queue as it was a moment ago."""

            def walk(self, limit, *, after=None):
                return found if after is None else []

        answer = QueueKeeper(replace(services, queue=Late())).purge(OWNER, Purge())

        assert (int(told == "as it was"), 0) == (answer["matched"], answer["cancelled"])
        assert JobState.RUNNING is services.jobs.get(job.id).state


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, b""), ({}, b'{"dry_run": true}'), ({"Content-Type": "text/plain"}, b'{"dry_run": true}')],
)
def test_who_does_not_say_in_json_what_shall_go_purges_nothing(client, auth, services, headers, body):
    queue(services)

    answer = client.post("/admin/queue/purge", data=body, headers=auth | headers)

    assert (415, 1) == (answer.status_code, services.jobs.depth().waiting)


@pytest.mark.parametrize("path", ["pause", "resume"])
def test_a_body_without_its_type_is_not_overlooked(client, auth, services, path):
    answer = client.post(f"/admin/queue/{path}", data=b'{"reason": "x"}', headers=auth)

    assert (415, False) == (answer.status_code, services.jobs.depth().paused)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
def test_who_has_nothing_to_say_need_not(client, auth, headers):
    answers = [client.post(f"/admin/queue/{path}", headers=auth | headers) for path in ("pause", "resume")]

    assert [(200, True), (200, False)] == [(answer.status_code, answer.json["paused"]) for answer in answers]


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("pause", {"reason": 1}, ["/reason"]),
        ("pause", {"reason": "x" * 201}, ["/reason"]),
        ("pause", {"reason": "a\nb", "why": 1}, ["/reason", "/why"]),
        ("pause", [], [""]),
        ("resume", {"now": True}, ["/now"]),
        ("purge", {"older_than": -1, "tenant": "", "dry_run": "no"}, ["/dry_run", "/older_than", "/tenant"]),
        ("purge", {"after": "x"}, ["/after"]),
        ("purge", {"after": "9" * 60 + ".x"}, ["/after"]),
        ("purge", {"after": 7}, ["/after"]),
    ],
)
def test_a_wrong_word_is_named_and_nothing_happens(services, post, path, body, wrong):
    queue(services)

    answer = post(path, body)

    assert (400, wrong) == (answer.status_code, pointers(answer))
    assert (1, False) == (services.jobs.depth().waiting, services.jobs.depth().paused)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/purge")])
def test_only_a_key_with_the_scope_admin_opens_it(settings_with, services, method, path):
    key = new_api_key()
    client = create_app(settings_with(API_KEYS=f"acme:videos:read+videos:write={key}"), services).test_client()

    refused = client.open(f"/admin/queue{path}", method=method, headers={"Authorization": f"Bearer {key}"})

    assert (401, 403) == (client.open(f"/admin/queue{path}", method=method).status_code, refused.status_code)
    assert not services.jobs.depth().paused

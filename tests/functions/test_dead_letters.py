"""Dead letters from the Broker's giving up to their being sent again: recover's door, and /admin/dead-letters."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.notify.app import create_app as create_notify
from functions.recover.app import create_app as create_recover
from functions.recover.handler import Sweeper
from functions.submit.app import create_app
from functions.submit.redriver import Redriver
from shared.core import events, wire
from shared.core.access import Caller, new_api_key
from shared.core.errors import Conflict
from shared.core.job import Cancelled, CancelRequested
from shared.telemetry.log import LineFormatter
from tests.functions.jobs import complete, queue
from tests.functions.outage import Outage
from tests.receiver import Receiver

OWNER = Caller(tenant="default", key_id="owner")
NOTIFY = "http://notify.flipbook.svc.cluster.local/"


@pytest.fixture
def recover(settings, services):
    return create_recover(settings, services).test_client()


@pytest.fixture
def die(recover):
    """Have the Broker give up on an event."""

    def give_up(event, destination=NOTIFY, code="503", client=None):
        headers, body = wire.to_http(event)
        marks = {"ce-knativeerrordest": destination, "ce-knativeerrorcode": code, "ce-knativeerrordata": ""}
        return (client or recover).post("/dead-letters", headers=headers | marks, data=body)

    return give_up


@pytest.fixture
def get(client, auth):
    return lambda path="": client.get(f"/admin/dead-letters{path}", headers=auth)


@pytest.fixture
def redrive(client, auth):
    return lambda path="/redrive": client.post(f"/admin/dead-letters{path}", headers=auth)


def cancelled(services, **changes):
    """A cancelled job and the event that told of it."""
    job = services.jobs.apply(queue(services, **changes).id, CancelRequested())
    return job, events.of(job)


def published(services):
    return [(event.id, event.extensions.get(events.HOPS)) for event in services.publisher.events]


class TestBurial:
    def test_a_letter_is_kept_with_its_reason_and_decides_nothing(self, services, die, get):
        job, event = cancelled(services)

        answer = die(event)

        assert (200, b"") == (answer.status_code, answer.data)
        (letter,) = get().json["data"]
        assert ("dead", event.id, job.id, NOTIFY) == (
            letter["state"],
            letter["event_id"],
            letter["subject"],
            letter["destination"],
        )
        assert ({"status": "503", "code": None}, 1) == (
            {name: letter["last_error"][name] for name in ("status", "code")},
            letter["deaths"],
        )
        assert job == services.jobs.get(job.id)
        assert [] == services.publisher.events

    def test_told_twice_it_lands_once(self, services, die, get):
        _, event = cancelled(services)
        for _ in range(3):
            assert 200 == die(event).status_code
        assert 200 == die(event, destination="http://other/").status_code

        assert (2, 2) == (len(get().json["data"]), services.dead_letters.count())

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({"Content-Type": "application/cloudevents+json"}, b"{"),
            ({"ce-specversion": "7", "ce-id": "x", "ce-source": "/y", "ce-type": "z"}, b"\xff"),
            ({"ce-id": "x", "ce-source": "/y", "ce-type": "z"}, b"canary" * 20000),
            ({"Content-Type": "application/cloudevents+json"}, b'{"data": "' + b"canary" * 20000 + b'"}'),
            ({}, b""),
        ],
        ids=["no JSON", "unknown version", "oversized", "oversized and structured", "nothing"],
    )
    def test_what_cannot_be_read_lands_once_too_and_is_parked(self, recover, get, headers, body):
        for _ in range(2):
            answer = recover.post("/dead-letters", headers=headers, data=body)
            assert (200, b"") == (answer.status_code, answer.data)

        assert ["parked"] == [letter["state"] for letter in get().json["data"]]

    def test_no_prompt_is_kept_logged_or_told(self, die, get, caplog):
        asked = events.Event(
            id="e1",
            type=events.REQUESTED,
            source="/orders",
            subject="canary",
            time=wire.NO_TIME,
            data={"prompt": "canary"},
        )
        with caplog.at_level(logging.DEBUG):
            die(asked, code="400")

        lines = [LineFormatter().format(record) for record in caplog.records]
        assert any("dead letter" in line for line in lines)
        assert "canary" not in "\n".join(lines) + get().text

    def test_while_the_store_is_away_the_broker_is_asked_to_come_again_and_nothing_else_happens(
        self, settings, services, die, get
    ):
        _, event = cancelled(services)
        away = Outage(services.dead_letters, "bury", times=3)
        client = create_recover(settings, replace(services, dead_letters=away)).test_client()

        answers = [die(event, client=client) for _ in range(4)]

        assert [503, 503, 503, 200] == [answer.status_code for answer in answers]
        assert "Retry-After" in answers[0].headers
        assert 1 == len(get().json["data"])
        assert [] == services.publisher.events


class TestRedrive:
    def test_one_event_is_sent_again_as_it_was_and_says_how_often(self, services, die, get, redrive):
        _, event = cancelled(services)
        die(event)
        (letter,) = get().json["data"]

        answer = redrive(f"/{letter['id']}/redrive")

        assert (202, "redriven", 1) == (answer.status_code, answer.json["state"], answer.json["redrives"])
        (sent,) = services.publisher.events
        assert (event.id, event.data, "1") == (sent.id, sent.data, sent.extensions[events.HOPS])
        assert answer.json == get(f"/{letter['id']}").json

    def test_while_the_broker_is_away_it_waits_for_recover(self, services, settings_with, die, get, redrive):
        _, event = cancelled(services)
        services.outbox.sent(event.id)
        die(event)
        services.publisher.down = True

        assert 202 == redrive(f"/{get().json['data'][0]['id']}/redrive").status_code

        services.publisher.down = False
        Sweeper(services, settings_with(RESEND_SECONDS="0.000001")).sweep()
        assert (event.id, "1") in published(services)

    def test_a_hundred_repaired_events_are_done_once_each(self, services, settings, settings_with, die, redrive):
        with Receiver() as receiver:
            jobs = [queue(services, callback=receiver.url, tenant="ada") for _ in range(100)]
            done = [complete(services, settings, job.id) for job in jobs]
            for row in services.outbox.unsent(older_than=timedelta(0), limit=1000):
                services.outbox.sent(row.id)
            for job in done:
                die(events.of(job))

            first, second = redrive(), redrive()

            assert (100, 0, False) == (first.json["redriven"], first.json["obsolete"], first.json["has_more"])
            assert (0, 0, False) == (second.json["redriven"], second.json["obsolete"], second.json["has_more"])
            assert [] == services.publisher.events  # they are recover's to send, a bounded number a sweep
            sweeper = Sweeper(services, settings_with(RESEND_SECONDS="0.000001"))
            for _ in range(3):
                sweeper.sweep()
            told = [event for event in services.publisher.events if event.type == events.COMPLETED]
            assert [events.of(job).id for job in done] == [event.id for event in told]

            notify = create_notify(settings, services).test_client()
            for event in told + told:
                headers, body = wire.to_http(event)
                assert 200 == notify.post("/", headers=headers, data=body).status_code
            heard = [headers["webhook-id"] for headers, _ in receiver.received]
            assert (100, 100) == (len(heard), len(set(heard)))

    def test_all_of_them_are_taken_up_a_hundred_at_a_time_who_died_first_first(self, services, die, get, redrive):
        told = [cancelled(services)[1] for _ in range(130)]
        for event in told:
            die(event)

        first, second = redrive().json, redrive().json

        assert (100, True, 30, False) == (
            first["redriven"],
            first["has_more"],
            second["redriven"],
            second["has_more"],
        )
        waiting = [event.id for event in services.outbox.unsent(older_than=timedelta(0), limit=1000)]
        assert {event.id for event in told} <= set(waiting)
        assert {"redriven"} == {letter["state"] for letter in get("?limit=100").json["data"]}

    @pytest.mark.parametrize("end", ["cancelling", "cancelled", "forgotten"])
    def test_what_has_moved_on_is_not_told_again(self, services, die, get, redrive, end):
        job = queue(services)
        if end != "forgotten":
            services.jobs.claim("a", timedelta(seconds=60))
            event = events.of(services.jobs.get(job.id))
            services.jobs.apply(job.id, CancelRequested())
            if end == "cancelled":
                services.jobs.apply(job.id, Cancelled("a"))
        else:
            event = events.of(services.jobs.apply(job.id, CancelRequested()))
            services.jobs.forget(job.id)
        die(event)

        assert (0, 1) == (redrive().json["redriven"], 1)
        (letter,) = get().json["data"]
        assert "obsolete" == letter["state"]
        assert "obsolete" == redrive(f"/{letter['id']}/redrive").json["state"]
        assert [] == services.publisher.events

    def test_a_dead_bell_rings_again_only_if_it_can_wake_a_gpu(self, services, settings, die, get, redrive):
        waiting = queue(services)
        die(events.wake_up(waiting.id, services.jobs.now()), destination="http://generate/")
        letter = get().json["data"][0]["id"]

        assert "redriven" == redrive(f"/{letter}/redrive").json["state"]
        (bell,) = services.publisher.events
        assert ({events.BELL: events.RING, events.HOPS: "1"}, waiting.id) == (bell.extensions, bell.subject)
        services.jobs.claim("a", settings.lease)
        assert "obsolete" == redrive(f"/{letter}/redrive").json["state"]

    def test_callbacks_that_are_no_longer_due_are_not_rung_for(self, services, die, get, redrive):
        die(events.deliveries_due(services.jobs.now()))
        letter = get().json["data"][0]["id"]

        assert "obsolete" == redrive(f"/{letter}/redrive").json["state"]
        cancelled(services, callback="http://127.0.0.1:9/hook")
        assert "redriven" == redrive(f"/{letter}/redrive").json["state"]

    def test_one_that_comes_back_again_and_again_is_parked(self, services, die, get, redrive):
        _, event = cancelled(services)
        die(event)
        letter = get().json["data"][0]["id"]
        for _ in range(6):
            assert 202 == redrive(f"/{letter}/redrive").status_code
            die(services.publisher.events[-1])

        refused = redrive(f"/{letter}/redrive")

        assert (409, "dead_letter_parked") == (refused.status_code, refused.json["error"]["code"])
        assert ("parked", 7, 6) == tuple(get(f"/{letter}").json[name] for name in ("state", "deaths", "hops"))
        assert 0 == redrive().json["redriven"]

    def test_nobody_sends_one_more_than_ten_times(self, services, die, get, redrive):
        _, event = cancelled(services)
        die(event)
        letter = get().json["data"][0]["id"]

        answers = [redrive(f"/{letter}/redrive").status_code for _ in range(11)]

        assert [202] * 10 + [409] == answers
        assert 10 == len(services.publisher.events)

    def test_of_two_owners_at_once_one_is_told_to_look_again(self, services, die, get):
        _, event = cancelled(services)
        die(event)
        letter = services.dead_letters.get(get().json["data"][0]["id"])
        Redriver(services).redrive(OWNER, letter.id)
        stale = Outage(services.dead_letters, "nothing")
        stale.get = lambda letter_id: letter

        with pytest.raises(Conflict, match="has just changed"):
            Redriver(replace(services, dead_letters=stale)).redrive(OWNER, letter.id)
        assert 1 == len(services.publisher.events)


class TestList:
    def test_it_is_paged_with_what_the_page_before_says(self, services, die, get):
        told = [cancelled(services)[1].id for _ in range(5)]
        for job in (services.jobs.get(f"video_{each.split('_')[1]}") for each in told):
            die(events.of(job))

        found, after = [], ""
        for _ in range(3):
            page = get(f"?limit=2{after}").json
            found += [letter["event_id"] for letter in page["data"]]
            after = f"&after={page['next']}"

        assert (told[::-1], False, None) == (found, page["has_more"], page["next"])

    @pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=x", "after=", "limit=-1"])
    def test_a_wrong_argument_is_named(self, get, query):
        answer = get(f"?{query}")

        assert (400, [f"/{query.split('=')[0]}"]) == (
            answer.status_code,
            [error["pointer"] for error in answer.json["errors"]],
        )

    def test_one_that_is_not_there_is_not_found(self, get, redrive):
        assert (404, 404) == (get("/dl_x").status_code, redrive("/dl_x/redrive").status_code)

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", ""), ("GET", "/dl_x"), ("POST", "/redrive"), ("POST", "/dl_x/redrive")]
    )
    def test_only_a_key_with_the_scope_admin_opens_it(self, settings_with, services, method, path):
        key = new_api_key()
        client = create_app(settings_with(API_KEYS=f"acme:videos:read+videos:write={key}"), services).test_client()
        shown = {"Authorization": f"Bearer {key}"}

        assert 401 == client.open(f"/admin/dead-letters{path}", method=method).status_code
        assert 403 == client.open(f"/admin/dead-letters{path}", method=method, headers=shown).status_code

"""What became of callbacks is seen by who is owed them, and what was given up is sent again."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from functions.notify.handler import Courier
from functions.submit.deliveries import REPLAYED
from shared.core.delivery import DeliveryState, Reply, after
from shared.core.events import DELIVERIES_DUE
from shared.core.job import CancelRequested
from tests.functions.jobs import queue
from tests.functions.test_endpoints import WISH
from tests.pages import listed
from tests.peers import closed_port
from tests.receiver import Receiver

ENDPOINTS = "/v1/webhook_endpoints"


@pytest.fixture
def ask(client, auth):
    return lambda method, path, **arguments: client.open(path, method=method, headers=auth, **arguments)


@pytest.fixture
def register(ask):
    def make(url):
        wish = WISH | {"url": url, "event_types": ["video.cancelled"]}
        return ask("POST", ENDPOINTS, json=wish).json["id"]

    return make


@pytest.fixture
def send(services, settings):
    return Courier(services, settings, Event()).run


def ended(services, **options):
    return services.jobs.apply(queue(services, **options).id, CancelRequested())


def given_up(services, delivery_id):
    before = services.deliveries.get(delivery_id)
    services.deliveries.keep(before, replace(before, state=DeliveryState.ABANDONED))


def test_a_video_s_callbacks_are_shown_with_each_try(ask, services, send, register):
    with Receiver(204) as own, Receiver(410) as other:
        endpoint_id = register(other.url)
        job = ended(services, callback=own.url)
        send()
    page = ask("GET", f"/v1/videos/{job.id}/deliveries").json

    first, second = page["data"]
    assert (False, first["id"], second["id"]) == (page["has_more"], page["first_id"], page["last_id"])
    assert (None, "delivered", None, [("http_2xx", 204)]) == (
        *(first[name] for name in ("webhook_endpoint_id", "status", "error")),
        [(each["outcome"], each["status_code"]) for each in first["attempts"]],
    )
    assert (endpoint_id, "abandoned", "http_4xx", [410]) == (
        *(second[name] for name in ("webhook_endpoint_id", "status", "error")),
        [each["status_code"] for each in second["attempts"]],
    )
    assert {(job.id, "video.cancelled", None)} == {
        (each["video_id"], each["event_type"], each["next_attempt_at"]) for each in page["data"]
    }
    assert first["event_id"] == second["event_id"] == own.received[0][0]["webhook-id"]
    assert 0 <= first["attempts"][0]["duration_ms"] < 15_000
    assert [second] == ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries").json["data"]


def test_what_did_not_answer_tells_neither_why_nor_how_long_it_took(ask, services):
    job = ended(services, callback="http://127.0.0.1:9/")
    [taken] = services.deliveries.take(timedelta(seconds=30))
    for word in ("dns", "address_refused", "connection_refused", "protocol"):
        tried = after(taken, Reply(error=word), services.jobs.now(), chance=0, seconds=len(word))
        assert services.deliveries.keep(taken, tried)
        taken = tried
    [told] = ask("GET", f"/v1/videos/{job.id}/deliveries").json["data"]

    assert ("pending", "unreachable") == (told["status"], told["error"])
    assert {("unreachable", None, None)} == {
        (each["outcome"], each["status_code"], each["duration_ms"]) for each in told["attempts"]
    }
    assert told["next_attempt_at"] > told["created_at"]


def test_a_callback_is_sent_again_with_the_same_id_and_bytes(ask, services, send):
    with Receiver() as receiver:
        job = ended(services, callback=receiver.url)
        send()
        [told] = ask("GET", f"/v1/videos/{job.id}/deliveries").json["data"]
        services.publisher.events.clear()
        again = ask("POST", f"/v1/videos/{job.id}/deliveries/{told['id']}/replay")
        twice = ask("POST", f"/v1/videos/{job.id}/deliveries/{told['id']}/replay")
        send()
        (first, first_body), (second, second_body) = receiver.received

    assert (202, "pending") == (again.status_code, again.json["status"])
    assert (409, "delivery_pending") == (twice.status_code, twice.json["error"]["code"])
    assert [DELIVERIES_DUE] == [event.type for event in services.publisher.events]
    assert (first["webhook-id"], first_body) == (second["webhook-id"], second_body)
    [told] = ask("GET", f"/v1/videos/{job.id}/deliveries").json["data"]
    assert ("delivered", 2) == (told["status"], len(told["attempts"]))


def test_a_replay_needs_no_broker(ask, services, send):
    with Receiver() as receiver:
        job = ended(services, callback=receiver.url)
        send()
        [told] = ask("GET", f"/v1/videos/{job.id}/deliveries").json["data"]
        services.publisher.down = True

        assert 202 == ask("POST", f"/v1/videos/{job.id}/deliveries/{told['id']}/replay").status_code
        assert 1 == services.deliveries.due()


def tried(services, delivery_id, times):
    """As after so many failures; it waits for its next try."""
    before = services.deliveries.get(delivery_id)
    now = before
    for _ in range(times):
        now = after(now, Reply(status=500), services.jobs.now(), chance=0)
    assert services.deliveries.keep(before, now)


def test_what_waits_for_its_next_try_is_sent_at_once(ask, services, send, register):
    """The receiver was down for hours, and is back."""
    with Receiver() as receiver:
        endpoint_id = register(receiver.url)
        job = ended(services)
        [owed] = services.deliveries.of_job(job.id)
        tried(services, owed.id, 6)
        path = f"{ENDPOINTS}/{endpoint_id}/deliveries/{owed.id}/replay"
        again, twice = ask("POST", path), ask("POST", path)
        send()

        assert (202, "pending", 6) == (again.status_code, again.json["status"], len(again.json["attempts"]))
        assert (409, "delivery_pending") == (twice.status_code, twice.json["error"]["code"])
        assert 1 == len(receiver.received)
    [told] = ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries").json["data"]
    assert ("delivered", 7) == (told["status"], len(told["attempts"]))


@pytest.mark.parametrize("hold", [timedelta(seconds=30), timedelta(minutes=10)], ids=str)
def test_what_is_being_sent_is_not_replayed(ask, services, register, hold):
    """However long notify gives an exchange, which submit does not know."""
    endpoint_id = register("http://127.0.0.1:9/")
    [owed] = services.deliveries.of_job(ended(services).id)
    path = f"{ENDPOINTS}/{endpoint_id}/deliveries"
    refused = [ask("POST", f"{path}/{owed.id}/replay").status_code]
    tried(services, owed.id, 1)
    waiting = services.deliveries.get(owed.id)
    services.deliveries.keep(waiting, replace(waiting, due_at=services.jobs.now()))
    [taken] = services.deliveries.take(hold)
    refused.append(ask("POST", f"{path}/{owed.id}/replay").status_code)

    assert [409] * 2 == refused
    assert 0 == ask("POST", f"{path}/replay", json={"since": 0}).json["replayed"]
    assert taken == services.deliveries.get(owed.id)


def test_all_that_waits_or_was_given_up_is_sent_again_and_what_arrived_is_not(ask, services, send, register):
    with Receiver() as receiver:
        endpoint_id = register(receiver.url)
        owed = [services.deliveries.of_job(ended(services).id)[0].id for _ in range(4)]
        given_up(services, owed[0])
        tried(services, owed[1], 3)
        tried(services, owed[2], 9)
        send()
        assert 1 == len(receiver.received)
        answer = ask("POST", f"{ENDPOINTS}/{endpoint_id}/deliveries/replay", json={"since": 0})
        send()

        assert (3, 4) == (answer.json["replayed"], len(receiver.received))


def test_all_that_was_given_up_since_a_time_is_sent_again(ask, services, send, register):
    with Receiver() as receiver:
        endpoint_id = register(receiver.url)
        other = register(receiver.url)
        jobs = [ended(services) for _ in range(4)]
        owed = [d.id for job in jobs for d in services.deliveries.of_job(job.id) if d.endpoint_id == endpoint_id]
        send()
        for delivery_id in owed[:3]:
            given_up(services, delivery_id)
        early = ask("POST", f"{ENDPOINTS}/{endpoint_id}/deliveries/replay", json={"since": 4_000_000_000})
        answer = ask("POST", f"{ENDPOINTS}/{endpoint_id}/deliveries/replay", json={"since": 0})
        assert 0 == ask("POST", f"{ENDPOINTS}/{other}/deliveries/replay", json={"since": 0}).json["replayed"]
        send()

        assert (202, 0, 3, False) == (
            *(answer.status_code, early.json["replayed"], answer.json["replayed"], answer.json["has_more"]),
        )
        assert 8 + 3 == len(receiver.received)
    assert {"delivered"} == {
        each["status"] for each in ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries").json["data"]
    }


def test_where_more_was_given_up_than_one_replay_looks_at_the_next_goes_on_behind_it(ask, services, register):
    path = f"{ENDPOINTS}/{register('http://127.0.0.1:9/')}/deliveries/replay"
    jobs = [ended(services).id for _ in range(REPLAYED + 1)]
    for owed in [delivery for job in jobs for delivery in services.deliveries.of_job(job)]:
        given_up(services, owed.id)
    first = ask("POST", path, json={"since": 0}).json
    rest = ask("POST", path, json={"since": 0, "after": first["last_id"]}).json
    none = ask("POST", path, json={"since": 0, "after": rest["last_id"]}).json

    assert [(REPLAYED, True), (1, False), (0, False)] == [
        (each["replayed"], each["has_more"]) for each in (first, rest, none)
    ]
    assert (REPLAYED + 1, None) == (services.deliveries.due(), none["last_id"])


def test_an_endpoint_that_is_well_again_gets_what_it_missed(ask, services, send, register):
    with Receiver(410, 200) as receiver:
        endpoint_id = register(receiver.url)
        ended(services)
        send()
        assert "disabled" == ask("GET", f"{ENDPOINTS}/{endpoint_id}").json["status"]
        ask("POST", f"{ENDPOINTS}/{endpoint_id}", json={"enabled": True})
        [told] = ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries").json["data"]
        assert 202 == ask("POST", f"{ENDPOINTS}/{endpoint_id}/deliveries/{told['id']}/replay").status_code
        send()

        assert 2 == len(receiver.received)


def test_pages_of_an_endpoint_s_callbacks_are_walked(ask, services, register):
    endpoint_id = register(f"http://127.0.0.1:{closed_port()}/")
    jobs = [ended(services).id for _ in range(5)]
    found = listed(lambda after: ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries?limit=2{after}"), pages=3)

    assert sorted(jobs, reverse=True) == [each["video_id"] for each in found]
    assert 400 == ask("GET", f"{ENDPOINTS}/{endpoint_id}/deliveries?limit=0").status_code


def test_a_callback_is_found_only_where_it_belongs(ask, services, register):
    """Not by another video's name, nor by another endpoint's."""
    first, second = register("http://127.0.0.1:9/"), register("http://127.0.0.1:9/")
    job, other = ended(services), ended(services)
    owed = {d.endpoint_id: d.id for d in services.deliveries.of_job(job.id)}

    for path in (
        f"/v1/videos/{other.id}/deliveries/{owed[first]}/replay",
        f"{ENDPOINTS}/{second}/deliveries/{owed[first]}/replay",
        f"{ENDPOINTS}/{first}/deliveries/wd_x/replay",
        f"/v1/videos/{job.id}/deliveries/wd_x/replay",
    ):
        assert 404 == ask("POST", path).status_code


@pytest.mark.parametrize(
    "body",
    [{}, {"since": -1}, {"since": "yesterday"}, {"since": 10**12}, {"since": 1, "x": 1}, {"since": 1, "after": 1}],
)
def test_a_wrong_time_sends_nothing(ask, register, body):
    endpoint_id = register("http://127.0.0.1:9/")

    assert 400 == ask("POST", f"{ENDPOINTS}/{endpoint_id}/deliveries/replay", json=body).status_code

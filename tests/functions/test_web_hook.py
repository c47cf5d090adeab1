"""Endpoints that want to be asked first: by OPTIONS, once, and no oftener called than they say."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from functions.notify.postman import Postman
from functions.submit.endpoints import Endpoints
from shared.adapters.memory_rates import MemoryRateStore
from shared.core.access import ALL_SCOPES, Caller
from shared.core.delivery import DeliveryState
from shared.core.endpoint_wish import EndpointEdit, EndpointWish
from shared.core.job import CancelRequested
from tests.functions.jobs import queue
from tests.functions.test_postman import HOUR, round_
from tests.peers import peer
from tests.stores import Clock, memory_stores

OWNER = Caller(key_id="0a1b2c3d", tenant="default", scopes=ALL_SCOPES)
US = {"PUBLIC_URL": "https://flipbook.example.com"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(settings_with):
    return settings_with(**US)


@pytest.fixture
def services(services, clock):
    stores = memory_stores(clock)
    ours = {"jobs": stores.jobs, "deliveries": stores.deliveries, "endpoints": stores.endpoints}
    return replace(services, rates=MemoryRateStore(clock), **ours)


@pytest.fixture
def endpoints(services, settings):
    return Endpoints(services, settings)


@pytest.fixture
def postman(services, settings):
    return Postman(services, settings)


@contextmanager
def receiver(*headers, status="200 OK", meanwhile=lambda: None):
    """Answers OPTIONS with these headers, after `meanwhile`; `asked` are the requests, by method and origin."""
    asked = []

    def script(visit):
        lines, _ = visit.request()
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        asked.append((lines[0].split()[0], fields.get("webhook-request-origin"), fields.get("webhook-request-rate")))
        if lines[0].startswith("OPTIONS"):
            meanwhile()
            visit.answer(status, *headers)
        else:
            visit.answer("204 No Content")

    with peer(script) as server:
        server.asked = asked
        yield server


def register(endpoints, url, *, handshake=True):
    wish = EndpointWish(url=url, event_types=["video.cancelled"], handshake=handshake)
    return endpoints.register(OWNER, wish).endpoint.id


def ended(services):
    return services.jobs.apply(queue(services).id, CancelRequested())


def test_who_consents_is_asked_once_and_called_with_our_name(services, endpoints, postman):
    with receiver("WebHook-Allowed-Origin: flipbook.example.com") as server:
        endpoint_id = register(endpoints, server.url)
        for _ in range(2):
            ended(services)
            round_(services, postman)

        ours = "flipbook.example.com"
        assert [("OPTIONS", ours, "6000"), ("POST", ours, None), ("POST", ours, None)] == server.asked
    found = services.endpoints.get("default", endpoint_id)
    assert (False, None) == (found.must_be_asked, found.allowed_rate)


@pytest.mark.parametrize(
    "refusal",
    [
        ("200 OK", []),
        ("200 OK", ["WebHook-Allowed-Origin: other.example.com"]),
        ("405 Method Not Allowed", ["WebHook-Allowed-Origin: *"]),
        ("200 OK", ["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: none"]),
    ],
)
def test_who_does_not_consent_is_not_called_and_asked_again_on_the_schedule(
    services, endpoints, postman, clock, refusal
):
    status, headers = refusal
    with receiver(*headers, status=status) as server:
        endpoint_id = register(endpoints, server.url)
        job = ended(services)
        round_(services, postman)
        clock.forward(HOUR)
        round_(services, postman)

        assert ["OPTIONS", "OPTIONS"] == [method for method, *_ in server.asked]
    [delivery] = services.deliveries.of_job(job.id)
    assert (DeliveryState.PENDING, 2, "handshake_refused") == (delivery.state, delivery.attempts, delivery.last_error)
    assert "handshake_refused" == services.endpoints.get("default", endpoint_id).last_error


def test_it_is_called_no_oftener_than_it_says_and_nothing_is_lost_or_counted_as_a_try(
    services, endpoints, postman, clock
):
    with receiver("WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 30") as server:
        register(endpoints, server.url)
        jobs = [ended(services) for _ in range(5)]
        posts = []
        for _ in range(12):
            round_(services, postman)
            posts.append(sum(method == "POST" for method, *_ in server.asked))
            clock.forward(timedelta(seconds=1.01))

    assert 1 == posts[0]
    assert all(later - sooner <= 1 for sooner, later in pairwise(posts))
    assert all(posts[n + 1] - posts[n - 1] <= 1 for n in range(1, 11))
    assert 5 == posts[-1]
    assert {(DeliveryState.DELIVERED, 1)} == {
        (delivery.state, delivery.attempts) for job in jobs for delivery in services.deliveries.of_job(job.id)
    }


def test_who_moved_is_asked_anew(services, endpoints, postman):
    with receiver("WebHook-Allowed-Origin: *") as first, receiver("WebHook-Allowed-Origin: *") as second:
        endpoint_id = register(endpoints, first.url)
        ended(services)
        round_(services, postman)
        endpoints.edit(OWNER, endpoint_id, EndpointEdit(url=second.url))
        ended(services)
        round_(services, postman)

        assert [["OPTIONS", "POST"]] * 2 == [[method for method, *_ in each.asked] for each in (first, second)]


def test_a_consent_is_none_for_the_url_that_its_owner_sets_meanwhile(services, endpoints, postman):
    with receiver() as unwilling:
        moved = EndpointEdit(url=unwilling.url)
        with receiver(
            "WebHook-Allowed-Origin: *", meanwhile=lambda: endpoints.edit(OWNER, endpoint_id, moved)
        ) as willing:
            endpoint_id = register(endpoints, willing.url)
            job = ended(services)
            round_(services, postman)

            asked = [[method for method, *_ in each.asked] for each in (willing, unwilling)]
    assert [["OPTIONS"], ["OPTIONS"]] == asked
    assert services.endpoints.get("default", endpoint_id).must_be_asked
    assert ["handshake_refused"] == [each.last_error for each in services.deliveries.of_job(job.id)]


def deleted(endpoints, endpoint_id):
    endpoints.delete(OWNER, endpoint_id)


def disabled(endpoints, endpoint_id):
    endpoints.edit(OWNER, endpoint_id, EndpointEdit(enabled=False))


@pytest.mark.parametrize("end", [deleted, disabled])
def test_who_is_no_longer_there_once_it_consents_is_not_called(services, endpoints, postman, end):
    with receiver("WebHook-Allowed-Origin: *", meanwhile=lambda: end(endpoints, endpoint_id)) as server:
        endpoint_id = register(endpoints, server.url)
        ended(services)
        round_(services, postman)

        assert ["OPTIONS"] == [method for method, *_ in server.asked]


def test_a_test_calls_the_url_that_consented_though_its_owner_sets_another_meanwhile(services, endpoints):
    with receiver() as other:
        moved = EndpointEdit(url=other.url)
        with receiver(
            "WebHook-Allowed-Origin: *", meanwhile=lambda: endpoints.edit(OWNER, endpoint_id, moved)
        ) as server:
            endpoint_id = register(endpoints, server.url)

            assert 204 == endpoints.test(OWNER, endpoint_id, "video.completed")
            asked = [[method for method, *_ in each.asked] for each in (server, other)]
    assert [["OPTIONS", "POST"], []] == asked
    assert services.endpoints.get("default", endpoint_id).must_be_asked


def test_who_did_not_want_it_is_not_asked(services, endpoints, postman):
    with receiver() as server:
        register(endpoints, server.url, handshake=False)
        ended(services)
        round_(services, postman)

        assert [("POST", None, None)] == server.asked


def test_a_test_is_one_of_the_callbacks_that_it_takes(client, auth, *, services, endpoints, postman, clock):
    with receiver("WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 30") as server:
        endpoint_id = register(endpoints, server.url)
        path = f"/v1/webhook_endpoints/{endpoint_id}/test"
        first, refused = (client.post(path, headers=auth) for _ in range(2))
        job = ended(services)
        round_(services, postman)
        posts = [method for method, *_ in server.asked].count("POST")
        clock.forward(timedelta(seconds=2.1))
        round_(services, postman)

        assert (200, 1) == (first.status_code, posts)
        assert (429, "rate_limit_exceeded", "2") == (
            *(refused.status_code, refused.json["error"]["code"], refused.headers["Retry-After"]),
        )
        assert "30 callbacks a minute" in refused.json["detail"]
        assert ["OPTIONS", "POST", "POST"] == [method for method, *_ in server.asked]
    assert [DeliveryState.DELIVERED] == [each.state for each in services.deliveries.of_job(job.id)]


def test_a_test_asks_first_too(client, auth):
    with receiver("WebHook-Allowed-Origin: *") as good, receiver() as bad:
        answers = []
        for server in (good, bad):
            wish = {"url": server.url, "event_types": [], "handshake": True}
            made = client.post("/v1/webhook_endpoints", json=wish, headers=auth).json
            assert ("due", None) == (made["handshake"], made["allowed_rate"])
            answers.append(client.post(f"/v1/webhook_endpoints/{made['id']}/test", headers=auth))
        shown = client.get("/v1/webhook_endpoints?order=asc", headers=auth).json["data"]

        assert [["OPTIONS", "POST"], ["OPTIONS"]] == [[method for method, *_ in each.asked] for each in (good, bad)]
    assert (200, 409, "handshake_refused") == (
        *(answers[0].status_code, answers[1].status_code, answers[1].json["error"]["code"]),
    )
    assert ["done", "due"] == [each["handshake"] for each in shown]

"""A request that comes again where the world has changed meanwhile: what it once made still answers it."""

import pytest

from functions.submit.app import create_app
from tests.functions.test_submit_events import TYPE

BODY = {"prompt": "a red cat on the sea", "model": "mochi-1-tiny"}
KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def later(settings_with, services):
    """The platform when it offers this model no longer, so that the same body is wrong."""
    return create_app(settings_with(MODELS="mochi-1-preview"), services).test_client()


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/videos"), ("PUT", "/v1/videos/film-7")])
def test_what_is_offered_no_longer_was_made_and_answers(client, auth, later, *, services, method, path):
    ask = {"method": method, "json": BODY, "headers": auth | KEY}
    first = client.open(path, **ask)

    again = later.open(path, **ask)

    assert (202, 200, "true") == (first.status_code, again.status_code, again.headers["Idempotency-Replayed"])
    assert first.json["id"] == again.json["id"]
    assert 1 == services.jobs.depth().waiting


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "another"}, {"x-stainless-retry-count": "1"}])
def test_what_was_not_made_is_refused(client, auth, later, headers):
    client.post("/v1/videos", json=BODY, headers=auth | KEY)

    assert 400 == later.post("/v1/videos", json=BODY, headers=auth | headers).status_code


def test_a_wrong_body_under_a_used_key_is_told_what_is_wrong_with_it(client, auth):
    client.post("/v1/videos", json=BODY, headers=auth | KEY)

    answer = client.post("/v1/videos", json=BODY | {"seed": -1}, headers=auth | KEY)

    assert (400, ["/seed"]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])


def test_a_remix_outlives_its_origin(client, auth):
    origin = client.post("/v1/videos", json=BODY, headers=auth).json["id"]
    remix = {"json": {"prompt": "a blue cat"}, "headers": auth | KEY}
    first = client.post(f"/v1/videos/{origin}/remix", **remix)
    client.delete(f"/v1/videos/{origin}", headers=auth)

    again = client.post(f"/v1/videos/{origin}/remix", **remix)

    assert (200, first.json["id"]) == (again.status_code, again.json["id"])


def test_a_webhook_endpoint_may_be_deleted(client, auth):
    endpoint = client.post(
        "/v1/webhook_endpoints",
        json={"url": "http://127.0.0.1:9/", "event_types": ["video.completed"], "name": "a"},
        headers=auth,
    ).json["id"]
    ask = {"json": BODY | {"webhook_endpoint": endpoint}, "headers": auth | KEY}
    first = client.post("/v1/videos", **ask)
    client.delete(f"/v1/webhook_endpoints/{endpoint}", headers=auth)

    assert (200, first.json["id"]) == ((again := client.post("/v1/videos", **ask)).status_code, again.json["id"])


@pytest.mark.parametrize("deleted", [False, True])
def test_an_event_is_taken_again_and_goes_to_no_dead_letters(client, auth, later, *, services, deleted):
    event = {"specversion": "1.0", "id": "e1", "source": "/orders", "type": TYPE, "data": BODY}
    ask = {"json": event, "headers": auth, "content_type": "application/cloudevents+json"}
    first = client.post("/v1/events", **ask)
    if deleted:
        (video,) = client.get("/v1/videos", headers=auth).json["data"]
        client.delete(f"/v1/videos/{video['id']}", headers=auth)

    again = later.post("/v1/events", **ask)

    assert (202, 202, b"") == (first.status_code, again.status_code, again.data)
    assert 400 == later.post("/v1/events", **ask | {"json": event | {"id": "e2"}}).status_code
    assert int(not deleted) == services.jobs.depth().waiting


def test_entries_of_a_batch_keep_their_places_whichever_are_valid(settings_with, services, auth):
    """The first entry is wrong at first, the second from then on."""
    requests = [BODY | {"model": "mochi-1-preview"}, BODY]
    ask = {"json": {"requests": requests}, "headers": auth | KEY}
    tiny, large, both = (
        create_app(settings_with(MODELS=models), services).test_client()
        for models in ("mochi-1-tiny", "mochi-1-preview", "mochi-1-tiny,mochi-1-preview")
    )

    answers = [client.post("/v1/videos/batch", **ask) for client in (tiny, large, both)]

    first, second, third = ([entry.get("id") for entry in answer.json["data"]] for answer in answers)
    assert (None, True) == (first[0], first[1] != second[0])
    assert [second[0], first[1]] == second == third
    assert [202, 202, 200] == [answer.status_code for answer in answers]
    assert ["mochi-1-preview", "mochi-1-tiny"] == [entry["model"] for entry in answers[2].json["data"]]


def test_a_batch_of_an_sdk_that_lost_the_answer_is_made_once(client, auth, services):
    ask = lambda tries: client.post(  # noqa: E731
        "/v1/videos/batch", json={"requests": [BODY, BODY]}, headers=auth | {"x-stainless-retry-count": tries}
    )
    first, again = ask("0"), ask("1")

    assert (202, 200) == (first.status_code, again.status_code)
    assert [video["id"] for video in first.json["data"]] == [video["id"] for video in again.json["data"]]
    assert 2 == services.jobs.depth().waiting


@pytest.mark.parametrize("header", ["X-Callback-Url", "Cancel-After"])
def test_what_stands_beside_a_body_makes_it_another_request(client, auth, services, header):
    ask = lambda value: client.post(  # noqa: E731
        "/v1/videos", json=BODY, headers=auth | KEY | {header: value}
    )
    values = {"X-Callback-Url": ("http://127.0.0.1:9/a", "http://127.0.0.1:9/b"), "Cancel-After": ("60", "90")}[header]

    answers = [ask(value) for value in (values[0], values[0], values[1])]

    assert [202, 200, 422] == [answer.status_code for answer in answers]
    assert 1 == services.jobs.depth().waiting


@pytest.mark.parametrize("headers", [KEY, {"x-stainless-retry-count": "1"}])
def test_who_lost_the_answer_to_a_retry_gets_the_same_new_video(client, auth, services, headers):
    lost = client.post("/v1/videos", json=BODY, headers=auth).json["id"]
    client.post(f"/v1/videos/{lost}/cancel", headers=auth)
    first = client.post(f"/v1/videos/{lost}/retry", headers=auth | headers | {"x-stainless-retry-count": "0"})

    again = client.post(f"/v1/videos/{lost}/retry", headers=auth | headers)

    assert (202, 200, "true") == (first.status_code, again.status_code, again.headers["Idempotency-Replayed"])
    assert first.json["id"] == again.json["id"]
    assert 1 == services.jobs.depth().waiting


def test_a_retry_under_its_key_outlives_the_video_that_was_lost(client, auth):
    lost = client.post("/v1/videos", json=BODY, headers=auth).json["id"]
    client.post(f"/v1/videos/{lost}/cancel", headers=auth)
    first = client.post(f"/v1/videos/{lost}/retry", headers=auth | KEY)
    client.delete(f"/v1/videos/{lost}", headers=auth)

    assert first.json["id"] == client.post(f"/v1/videos/{lost}/retry", headers=auth | KEY).json["id"]

"""A request for an endpoint or a secret that comes twice, since its answer was lost, leaves one and tells it again."""

from datetime import timedelta

import pytest

from functions.submit.app import create_app
from shared.core.access import new_api_key
from tests.functions.test_endpoints import PATH, WISH
from tests.witness import watched

KEY = {"Idempotency-Key": "0c6a5f8e"}
KEEP = {"keep_old_secret_active_for_24_hours": True}


def count(tries):
    return {"x-stainless-retry-count": str(tries)}


@pytest.fixture
def post(client, auth):
    return lambda path="", *, body, headers: client.post(f"{PATH}{path}", json=body, headers=auth | headers)


@pytest.fixture
def listed(client, auth):
    return lambda: [each["id"] for each in client.get(PATH, headers=auth).json["data"]]


@pytest.mark.parametrize(("first", "again"), [(KEY, KEY), (count(0), count(1)), (count(1), count(2))])
def test_registering_again_tells_the_endpoint_and_its_secret_again(post, listed, first, again):
    made = post(body=WISH, headers=first)
    repeated = post(body=WISH, headers=again)

    assert (201, None) == (made.status_code, made.headers.get("Idempotency-Replayed"))
    assert (200, "true") == (repeated.status_code, repeated.headers["Idempotency-Replayed"])
    assert (made.json, made.headers["Location"]) == (repeated.json, repeated.headers["Location"])
    assert [made.json["id"]] == listed()


@pytest.mark.parametrize(("first", "again"), [(KEY, KEY), (count(0), count(1)), (count(1), count(2))])
@pytest.mark.parametrize("body", [KEEP, {}])
def test_rotating_again_tells_the_same_secret_and_takes_none_away(post, first, again, body):
    path = f"/{post(body=WISH, headers={}).json['id']}/rotate_secret"
    rotated = post(path, body=body, headers=first)
    repeated = post(path, body=body, headers=again)

    assert (200, "true") == (repeated.status_code, repeated.headers["Idempotency-Replayed"])
    assert rotated.json == repeated.json


@pytest.mark.parametrize(("first", "second"), [(count(0), count(0)), ({}, {}), (KEY, {}), (count(1), count(1))])
def test_calls_that_are_no_repeats_make_one_each(post, listed, first, second):
    made = [post(body=WISH, headers=headers) for headers in (first, second)]

    assert [201, 201] == [answer.status_code for answer in made]
    assert 2 == len(listed())
    path = f"/{made[1].json['id']}/rotate_secret"
    assert 2 == len({post(path, body=KEEP, headers=headers).json["signing_secret"] for headers in (first, second)})


def test_another_body_under_the_same_key_is_refused(post, listed):
    made = post(body=WISH, headers=KEY).json
    other = post(body=WISH | {"name": "other"}, headers=KEY)
    rotated = post(f"/{made['id']}/rotate_secret", body={}, headers=KEY)

    assert [(422, "idempotency_mismatch")] * 2 == [
        (answer.status_code, answer.json["error"]["code"]) for answer in (other, rotated)
    ]
    assert [made["id"]] == listed()


def test_another_body_is_another_call_of_a_client_that_counts(post, listed):
    post(body=WISH, headers=count(0))

    assert 201 == post(body=WISH | {"name": "other"}, headers=count(1)).status_code
    assert 2 == len(listed())


def test_a_secret_that_another_took_the_place_of_is_not_told(post, listed):
    made = post(body=WISH, headers=KEY).json
    rotated = post(f"/{made['id']}/rotate_secret", body={}, headers={}).json
    again = post(body=WISH, headers=KEY)

    assert (200, None) == (again.status_code, again.json.get("signing_secret"))
    assert rotated["signing_secret_hint"] == again.json["signing_secret_hint"]
    assert [made["id"]] == listed()


def test_what_the_request_made_is_told_though_it_would_be_refused_now(post, services, settings_with, auth):
    made = post(body=WISH, headers=KEY).json
    strict = create_app(settings_with(WEBHOOK_NETWORKS=""), services).test_client()

    assert made == strict.post(PATH, json=WISH, headers=auth | KEY).json


def test_a_deleted_one_is_made_anew(client, auth, post, listed):
    made = post(body=WISH, headers=KEY).json
    client.delete(f"{PATH}/{made['id']}", headers=auth)
    again = post(body=WISH, headers=KEY)

    assert 201 == again.status_code
    assert [again.json["id"]] == listed() != [made["id"]]


def test_a_repeat_is_known_for_as_long_as_a_video_s(services, settings_with, auth):
    short = watched(create_app(settings_with(IDEMPOTENCY_SECONDS="1", RETRY_WINDOW_SECONDS="1"), services))
    kept = services.endpoints
    client = short.test_client()
    for headers in (KEY, count(0)):
        made = client.post(PATH, json=WISH, headers=auth | headers).json
        occasion = kept.get("default", made["id"]).occasion
        assert timedelta(seconds=1) == occasion.until - kept.get("default", made["id"]).created_at


def test_one_tenant_s_key_says_nothing_to_another(settings_with, services):
    keys = {tenant: new_api_key() for tenant in ("ada", "eve")}
    words = " ".join(f"{tenant}={key}" for tenant, key in keys.items())
    client = watched(create_app(settings_with(API_KEYS=words), services)).test_client()
    made = [client.post(PATH, json=WISH, headers={"Authorization": f"Bearer {key}"} | KEY) for key in keys.values()]

    assert [201, 201] == [answer.status_code for answer in made]
    assert 2 == len({answer.json["signing_secret"] for answer in made})


def test_neither_key_nor_secret_can_be_read_in_the_store(post, services):
    made = post(body=WISH, headers=KEY).json
    kept = repr(services.endpoints.of_tenant("default"))

    assert made["id"] in kept
    for secret in (KEY["Idempotency-Key"], made["signing_secret"].removeprefix("whsec_")):
        assert secret not in kept

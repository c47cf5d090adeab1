"""A request that comes twice is served once: Idempotency-Key, and ids that callers give."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.submit.app import create_app
from shared.core.access import new_api_key
from tests.functions.test_submit import complete

BODY = {"prompt": "a red cat on the sea"}
KEY = {"Idempotency-Key": '"0c6a5f8e"'}


@pytest.fixture
def post(client, auth):
    return lambda body=BODY, **headers: client.post("/v1/videos", json=body, headers=auth | KEY | headers)


@pytest.fixture
def put(client, auth):
    return lambda name="film-7", body=BODY: client.put(f"/v1/videos/{name}", json=body, headers=auth)


def code(answer):
    return answer.status_code, answer.json["error"]["code"]


@pytest.mark.parametrize("method", ["post", "put"])
def test_the_same_request_again_gets_the_first_video_as_it_stands_now(
    request, client, auth, *, services, settings, method
):
    ask = request.getfixturevalue(method)
    first = ask()
    complete(services, settings, first.json["id"])

    again = ask()

    assert (202, None) == (first.status_code, first.headers.get("Idempotency-Replayed"))
    assert (200, "true") == (again.status_code, again.headers["Idempotency-Replayed"])
    assert ("completed", first.headers["Location"]) == (again.json["status"], again.headers["Location"])
    assert client.get(first.headers["Location"], headers=auth).json == again.json
    assert [first.json["id"]] == [video["id"] for video in client.get("/v1/videos", headers=auth).json["data"]]


def test_a_replay_rings_nobody(post, services):
    post()
    post()

    assert 1 == len(services.publisher.events)


def test_the_order_of_the_fields_makes_no_other_body(post):
    first = post(BODY | {"seed": 1})

    assert first.json["id"] == post({"seed": 1} | BODY).json["id"]


@pytest.mark.parametrize("other", [{"prompt": "a blue cat"}, BODY | {"seed": 1}, BODY | {"metadata": {"n": "2"}}])
def test_another_body_under_the_same_key_is_refused(post, services, other):
    post()

    answer = post(other)

    assert (422, "idempotency_mismatch") == code(answer)
    assert "false" == answer.headers["x-should-retry"]
    assert 1 == services.jobs.depth().waiting


def test_a_wrong_body_leaves_the_key_free(post):
    assert 400 == post({"prompt": ""}).status_code
    assert 202 == post().status_code


def test_without_a_key_the_same_body_twice_is_two_videos(client, auth):
    ids = {client.post("/v1/videos", json=BODY, headers=auth).json["id"] for _ in range(2)}

    assert 2 == len(ids)


def counted(client, auth, tries, *, path="/v1/videos", body=BODY, **headers):
    return client.post(path, json=body, headers=auth | {"x-stainless-retry-count": str(tries)} | headers)


def test_a_retry_of_an_sdk_gets_the_video_of_its_first_try(client, auth, services):
    """It sends no key, only how often it asked before (docs/decisions/0015)."""
    first, again, third = (counted(client, auth, tries) for tries in (0, 1, 2))

    assert [202, 200, 200] == [answer.status_code for answer in (first, again, third)]
    assert [None, "true", "true"] == [answer.headers.get("Idempotency-Replayed") for answer in (first, again, third)]
    assert 1 == len({answer.json["id"] for answer in (first, again, third)})
    assert 1 == len(services.publisher.events)


def test_a_retry_of_another_call_makes_a_video(client, auth, settings_with, services, api_key):
    other = new_api_key()
    app = create_app(settings_with(API_KEYS=f"{api_key} {other}"), services).test_client()
    answers = [
        counted(app, auth, 0),
        counted(app, auth, 1, body=BODY | {"seed": 1}),
        counted(app, auth, 1, **{"X-Callback-Url": "http://127.0.0.1:9/"}),
        counted(app, {"Authorization": f"Bearer {other}"}, 1),
        counted(app, auth, 1, path=f"/v1/videos/{counted(app, auth, 0).json['id']}/remix"),
    ]

    assert [202] * 5 == [answer.status_code for answer in answers]
    assert 5 == len({answer.json["id"] for answer in answers})


def test_two_remixes_of_one_try_are_one_and_so_is_one_that_is_repeated(client, auth):
    origin = counted(client, auth, 0).json["id"]
    first, again = (counted(client, auth, tries, path=f"/v1/videos/{origin}/remix") for tries in (0, 1))

    assert (first.json["id"], 200) == (again.json["id"], again.status_code)


@pytest.mark.parametrize("count", ["-1", "x", "", "1.0", "٣", "1000"])
def test_a_count_that_is_none_says_nothing(client, auth, count):
    ids = {counted(client, auth, tries).json["id"] for tries in (0, count)}

    assert 2 == len(ids)


def test_a_key_says_more_than_a_count(post):
    tried = {"x-stainless-retry-count": "0"}
    first = post(**tried)

    assert first.json["id"] != post(**{"Idempotency-Key": "other", "x-stainless-retry-count": "1"}).json["id"]
    assert first.json["id"] == post(**{"x-stainless-retry-count": "1"}).json["id"]


@pytest.mark.parametrize(("first", "again"), [('"a-b"', "a-b"), ('"a\\"b"', 'a"b'), ('"a\\\\b"', "a\\b")])
def test_a_key_is_the_same_bare_and_quoted(post, first, again):
    made = post(**{"Idempotency-Key": first})

    assert made.json["id"] == post(**{"Idempotency-Key": again}).json["id"]


@pytest.mark.parametrize("header", ["a", "x" * 255, '"' + "x" * 255 + '"', "a,b", "0c6a5f8e-1b1f-4c7e"])
def test_keys_up_to_255_visible_characters_are_taken(post, header):
    assert 202 == post(**{"Idempotency-Key": header}).status_code


@pytest.mark.parametrize("header", ["", '""', '"', '"a', "a b", '"a b"', '"a";p=1', '"a", "b"', "x" * 256, "é", "\t"])
def test_what_is_no_key_is_refused_and_queues_nothing(post, services, header):
    answer = post(**{"Idempotency-Key": header})

    assert (400, "invalid_request") == code(answer)
    assert "Idempotency-Key" in answer.json["detail"]
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("method", ["post", "put"])
def test_a_deleted_video_does_not_come_again_under_its_key(request, client, auth, services, method):
    ask = request.getfixturevalue(method)
    client.delete(ask().headers["Location"], headers=auth)

    answer = ask()

    assert (409, "idempotency_gone") == code(answer)
    assert "false" == answer.headers["x-should-retry"]
    assert 0 == services.jobs.depth().waiting


def test_many_at_once_under_one_key_make_one_video(settings, services, auth):
    app = create_app(settings, services)
    send = lambda _: app.test_client().post("/v1/videos", json=BODY, headers=auth | KEY)  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert 1 == len({answer.json["id"] for answer in answers})
    assert [200] * 7 + [202] == sorted(answer.status_code for answer in answers)


def test_a_key_ends_with_its_time(settings_with, auth):
    app = create_app(settings_with(IDEMPOTENCY_SECONDS="0.000001"))
    ids = {app.test_client().post("/v1/videos", json=BODY, headers=auth | KEY).json["id"] for _ in range(2)}

    assert 2 == len(ids)


def test_a_client_names_its_video_and_follows_it_by_our_id(client, auth, put):
    made = put()

    assert 202 == made.status_code
    assert made.json["id"].startswith("video_")
    assert made.json == client.get(made.headers["Location"], headers=auth).json


def test_another_body_for_the_same_client_id_is_a_conflict(put, services):
    put()

    answer = put(body={"prompt": "a blue cat"})

    assert (409, "id_conflict") == code(answer)
    assert "false" == answer.headers["x-should-retry"]
    assert 1 == services.jobs.depth().waiting


def test_a_client_id_and_a_header_of_the_same_text_do_not_meet(put, post):
    assert put("0c6a5f8e").json["id"] != post().json["id"]


@pytest.mark.parametrize("name", ["x" * 65, "a.b", "a%20b", "%C3%A9", "video_01KDYQ3W00AAAAAAAAAAAAAAAA", "a%0A"])
def test_what_is_no_client_id_is_refused(put, services, name):
    answer = put(name)

    assert (400, ["/client_id"]) == (answer.status_code, [e["pointer"] for e in answer.json["errors"]])
    assert 0 == services.jobs.depth().waiting

"""`cache`: a finished video serves who asks for the same again."""

import json

import pytest

from tests.functions.jobs import complete
from tests.functions.test_submit_events import headers

BODY = {"prompt": "a red cat on the sea", "seed": 7, "cache": "use"}


@pytest.fixture
def post(client, auth):
    return lambda **fields: client.post("/v1/videos", json=BODY | fields, headers=auth)


@pytest.fixture
def finished(post, services, settings):
    """A video that may be used again, as it is shown."""
    video = post().json
    complete(services, settings, video["id"])
    return video


def test_who_asks_for_the_same_again_gets_the_finished_video(post, finished, services):
    rung = len(services.publisher.events)

    answer = post(metadata={"another": "label"}, priority="low")

    assert (200, "true") == (answer.status_code, answer.headers["Idempotency-Replayed"])
    assert (finished["id"], "completed", {}) == (answer.json["id"], answer.json["status"], answer.json["metadata"])
    assert rung == len(services.publisher.events)


@pytest.mark.parametrize("other", [{"seed": 8}, {"prompt": "a"}, {"cache": "off"}, {"cache": "refresh"}])
def test_who_asks_for_anything_else_gets_a_new_one(post, finished, other):
    answer = post(**other)

    assert (202, True) == (answer.status_code, answer.json["id"] != finished["id"])


def test_while_the_first_is_drawn_a_second_is_queued(post):
    assert 2 == len({post().json["id"], post().json["id"]})


def test_a_refreshed_video_is_the_one_that_is_found(post, finished, services, settings):
    refreshed = post(cache="refresh").json["id"]
    complete(services, settings, refreshed)

    assert refreshed == post().json["id"] != finished["id"]


def test_an_id_of_the_callers_own_stands_for_the_video_that_was_there(client, auth, finished):
    first, again = (client.put("/v1/videos/my-film", json=BODY, headers=auth) for _ in range(2))

    assert [finished["id"]] * 2 == [first.json["id"], again.json["id"]]
    assert 409 == client.put("/v1/videos/my-film", json=BODY | {"seed": 8}, headers=auth).status_code


def test_a_remix_has_its_origins_seed(client, auth, finished, services, settings):
    def remix():
        body = {"prompt": "a blue cat", "cache": "use"}
        return client.post(f"/v1/videos/{finished['id']}/remix", json=body, headers=auth)

    first = remix().json["id"]
    complete(services, settings, first)

    assert first == remix().json["id"]


@pytest.mark.parametrize(
    ("wrong", "pointer"), [({"seed": None}, "/cache"), ({"webhook": "http://127.0.0.1:9/"}, "/webhook")]
)
def test_what_use_cannot_be_given_with_is_said(post, wrong, pointer):
    answer = post(**wrong)

    assert (400, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])


def test_events_ask_for_new_videos_only(client, auth):
    answer = client.post("/v1/events", data=json.dumps(BODY), headers=auth | headers())

    assert (400, "/data/cache") == (answer.status_code, answer.json["errors"][0]["pointer"])
    assert 202 == client.post("/", data=json.dumps(BODY | {"cache": "refresh"}), headers=auth | headers()).status_code

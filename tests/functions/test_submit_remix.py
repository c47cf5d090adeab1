"""Remixes: the same drawing of other words; and the honest no to what else OpenAI's clients may ask of a video."""

from dataclasses import replace

import pytest

from functions.submit.app import create_app
from shared.core.access import new_api_key

ASKED = {
    "prompt": "a red cat",
    "negative_prompt": "fog",
    "size": "64x96",
    "num_frames": 19,
    "seed": 7,
    "num_inference_steps": 3,
    "guidance_scale": 2.5,
    "metadata": {"scene": "12"},
    "webhook": "http://127.0.0.1:9/",
}
DRAWING = ("model", "negative_prompt", "size", "num_frames", "seed", "num_inference_steps", "guidance_scale")


@pytest.fixture
def origin(client, auth):
    return client.post("/v1/videos", json=ASKED, headers=auth).json


def remix(client, auth, origin, **how):
    return client.post(f"/v1/videos/{origin['id']}/remix", headers=auth, **how)


@pytest.mark.parametrize("how", [{"json": {"prompt": "a blue cat"}}, {"data": {"prompt": "a blue cat"}}])
def test_a_remix_is_a_new_video_that_differs_in_its_words_only(client, auth, origin, how):
    answer = remix(client, auth, origin, **how)

    assert (202, f"/v1/videos/{answer.json['id']}") == (answer.status_code, answer.headers["Location"])
    assert (origin["id"], "a blue cat") == (answer.json["remixed_from_video_id"], answer.json["prompt"])
    assert [origin[name] for name in DRAWING] == [answer.json[name] for name in DRAWING]
    assert origin["id"] != answer.json["id"]
    assert answer.json == client.get(answer.headers["Location"], headers=auth).json


def test_a_remix_is_drawn(client, auth, origin, services, settings):
    job_id = remix(client, auth, origin, json={"prompt": "a blue cat"}).json["id"]

    claimed = [services.jobs.claim(attempt, settings.lease) for attempt in ("a", "b")]

    assert [origin["id"], job_id] == [job.id for job in claimed]
    assert replace(claimed[0].request, prompt="a blue cat") == claimed[1].request
    assert ("dev.flipbook.video.queued.v1", job_id) in [(e.type, e.subject) for e in services.publisher.events]


def test_a_remix_calls_back_and_is_labelled_only_as_it_says_itself(client, auth, origin):
    silent = remix(client, auth, origin, json={"prompt": "x"}).json
    body = {"prompt": "x", "callback_url": "http://127.0.0.1:9/other", "user": "ada"}
    spoken = remix(client, auth, origin, json=body).json

    assert (None, {}) == (silent["webhook"], silent["metadata"])
    assert ("http://127.0.0.1:9/other", {"user": "ada"}) == (spoken["webhook"]["url"], spoken["metadata"])


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/prompt"]),
        ({"prompt": ""}, ["/prompt"]),
        ({"prompt": "x", "typo": 1}, ["/typo"]),
        ({"prompt": "x", "seed": 0, "size": "64x64", "model": None}, ["/size", "/seed"]),
        ({"prompt": "x", "negative_prompt": "fog", "steps": 2}, ["/negative_prompt", "/num_inference_steps"]),
    ],
)
def test_a_remix_decides_nothing_but_its_words(client, auth, origin, body, pointers):
    answer = remix(client, auth, origin, json=body)

    assert (400, pointers) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])
    assert [origin["id"]] == [video["id"] for video in client.get("/v1/videos", headers=auth).json["data"]]


def test_what_is_not_the_callers_is_not_remixed(client, auth, origin, settings, services):
    client.delete(f"/v1/videos/{origin['id']}", headers=auth)
    other_key = new_api_key()
    other = create_app(replace(settings, api_keys=(other_key,)), services).test_client()

    deleted = remix(client, auth, origin, json={"prompt": "x"})
    never = remix(client, auth, {"id": "video_x"}, json={"prompt": "x"})
    keyless = remix(other, auth, origin, json={"prompt": "x"})

    assert [404, 404, 401] == [answer.status_code for answer in (deleted, never, keyless)]


def test_a_video_of_a_model_that_is_gone_is_not_remixed(client, auth, origin, settings, services):
    later = create_app(replace(settings, models=("mochi-1-preview",)), services).test_client()

    answer = remix(later, auth, origin, json={"prompt": "x"})

    assert (400, ["/model"]) == (answer.status_code, [error["pointer"] for error in answer.json["errors"]])


@pytest.mark.parametrize(
    ("route", "word"),
    [
        ("POST /v1/videos/extensions", "seconds"),
        ("POST /v1/videos/characters", "text only"),
        ("GET /v1/videos/characters/char_1", "text only"),
    ],
)
@pytest.mark.parametrize("body", [{}, {"json": {"prompt": "x", "video": {"id": "video_x"}}}, {"data": b"\xff"}])
def test_what_mochi_cannot_do_is_refused_with_a_reason(client, auth, route, word, body):
    method, path = route.split()
    answer = client.open(path, method=method, headers=auth, **body)

    assert (400, "unsupported_feature") == (answer.status_code, answer.json["error"]["code"])
    assert word in answer.json["error"]["message"]


def test_an_edit_of_a_video_of_ours_is_a_remix(client, auth, origin):
    edited = client.post("/v1/videos/edits", json={"prompt": "x", "video": {"id": origin["id"]}}, headers=auth)
    by_form = client.post("/v1/videos/edits", data={"prompt": "x", "video[id]": origin["id"]}, headers=auth)
    remixed = remix(client, auth, origin, json={"prompt": "x"})

    own = ("id", "created_at", "links", "queue_position", "eta_seconds", "eta_at")
    told = [{k: v for k, v in answer.json.items() if k not in own} for answer in (edited, by_form, remixed)]
    assert [202, 202, 202] == [answer.status_code for answer in (edited, by_form, remixed)]
    assert told[0] == told[1] == told[2]
    assert origin["id"] == edited.json["remixed_from_video_id"]


@pytest.mark.parametrize("video", [None, "video_x", {}, {"id": 5}, {"id": ""}, {"file_id": "file-1"}, [{"id": "x"}]])
def test_an_edit_of_anything_else_is_not_supported(client, auth, video):
    answer = client.post("/v1/videos/edits", json={"prompt": "x", "video": video}, headers=auth)

    assert (400, "unsupported_feature") == (answer.status_code, answer.json["error"]["code"])
    assert ["/video"] == [error["pointer"] for error in answer.json["errors"]]


def test_an_edit_of_a_video_that_is_not_there_is_not_found(client, auth):
    answer = client.post("/v1/videos/edits", json={"prompt": "x", "video": {"id": "video_x"}}, headers=auth)

    assert 404 == answer.status_code

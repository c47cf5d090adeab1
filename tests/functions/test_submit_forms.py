"""Forms at the public door: they mean what the same JSON means, and what is in them beyond that is refused."""

import json
from io import BytesIO

import pytest

from functions.kit import MAX_BODY

FIELDS = {
    "prompt": "a red cat on the sea",
    "seed": "7",
    "size": "64x96",
    "num_frames": "19",
    "guidance_scale": "5",
    "steps": "3",
    "negative_prompt": "fog",
    "metadata[scene]": "12",
    "webhook[url]": "http://127.0.0.1:9/",
    "webhook[events][]": ["video.completed", "video.failed"],
}
SAME = {
    "prompt": "a red cat on the sea",
    "seed": 7,
    "size": "64x96",
    "num_frames": 19,
    "guidance_scale": 5,
    "num_inference_steps": 3,
    "negative_prompt": "fog",
    "metadata": {"scene": "12"},
    "webhook": {"url": "http://127.0.0.1:9/", "events": ["video.completed", "video.failed"]},
}
MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
OWN = ("id", "created_at", "links", "queue_position")


def post(client, auth, body, content_type):
    return client.post("/v1/videos", data=body, content_type=content_type, headers=auth)


def told(answer):
    return answer.status_code, answer.json["error"]["code"], [error["pointer"] for error in answer.json["errors"]]


@pytest.mark.parametrize("content_type", [MULTIPART, URLENCODED])
def test_a_form_makes_the_video_that_its_json_makes(client, auth, content_type):
    by_json = client.post("/v1/videos", json=SAME, headers=auth)
    by_form = post(client, auth, FIELDS, content_type)

    assert (202, 202) == (by_json.status_code, by_form.status_code), by_form.json
    ours, theirs = ({k: v for k, v in answer.json.items() if k not in OWN} for answer in (by_json, by_form))
    assert ours == theirs


@pytest.mark.parametrize("content_type", [MULTIPART, URLENCODED])
def test_a_wrong_form_names_every_wrong_field(client, auth, services, content_type):
    answer = post(client, auth, {"prompt": "", "seed": "x", "num_frames": "14", "typo": "1"}, content_type)

    assert (400, "invalid_parameter", ["/num_frames", "/prompt", "/seed", "/typo"]) == (
        *told(answer)[:2],
        sorted(told(answer)[2]),
    )
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("name", ["input_reference", "video", "a/b"])
def test_a_file_is_refused_by_its_name_and_the_reason(client, auth, name):
    answer = post(client, auth, {"prompt": "x", name: (BytesIO(b"\x89PNG\xff"), "cat.png")}, MULTIPART)

    assert (400, "unsupported_feature", [f"/{name.replace('/', '~1')}"]) == told(answer)
    assert "draws from text only" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"--x\r\n", f"{MULTIPART}; boundary=x"),
        (b"prompt=x", MULTIPART),
        (b"prompt=x", f"{MULTIPART}; boundary=\xe9"),
        (b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xff\r\n--x--\r\n', f"{MULTIPART}; boundary=x"),
        (b"prompt=\xff", URLENCODED),
    ],
    ids=["cut", "no boundary", "a boundary with an accent", "bytes that are no text", "bytes in a query"],
)
def test_a_form_that_cannot_be_read_is_said_to_be_one(client, auth, body, content_type):
    assert (400, "invalid_request", [""]) == told(post(client, auth, body, content_type))


def test_json_that_is_called_a_form_is_told_how_to_say_it(client, auth):
    answer = post(client, auth, json.dumps(SAME).encode(), URLENCODED)

    assert (415, "unsupported_media_type") == (answer.status_code, answer.json["error"]["code"])
    assert "Content-Type: application/json" in answer.json["detail"]


def test_a_form_is_as_long_as_any_body_at_most(client, auth):
    room = MAX_BODY - len("prompt=")

    assert 400 == post(client, auth, b"prompt=" + b"x" * room, URLENCODED).status_code
    assert 413 == post(client, auth, b"prompt=" + b"x" * (room + 1), URLENCODED).status_code
    assert 413 == post(client, auth, {"prompt": "x" * MAX_BODY}, MULTIPART).status_code


def test_a_large_file_is_refused_for_being_a_file_too(client, auth):
    answer = post(client, auth, {"prompt": "x", "input_reference": (BytesIO(b"x" * MAX_BODY), "cat.png")}, MULTIPART)

    assert (413, "the body must be at most 64 KiB; files are not taken here") == (
        answer.status_code,
        answer.json["detail"],
    )


def test_a_form_of_a_thousand_fields_is_refused(client, auth):
    parts = b'--x\r\nContent-Disposition:form-data;name="a"\r\n\r\n\r\n' * 1200
    answer = post(client, auth, parts + b"--x--\r\n", f"{MULTIPART}; boundary=x")

    assert (400, "the form has 1200 fields; 100 are the most") == (
        answer.status_code,
        answer.json["errors"][0]["detail"],
    )


def test_a_header_can_name_the_callback(client, auth):
    header = {"X-Callback-Url": "http://127.0.0.1:9/"}
    once = client.post("/v1/videos", json={"prompt": "x"}, headers=auth | header)
    twice = client.post("/v1/videos", json={"prompt": "x", "webhook_url": "http://127.0.0.1:9/"}, headers=auth | header)
    inside = client.post("/v1/videos", json={"prompt": "x"}, headers=auth | {"X-Callback-Url": "https://10.0.0.1/"})

    assert (202, "http://127.0.0.1:9/") == (once.status_code, once.json["webhook"]["url"])
    assert (400, "invalid_parameter", ["/webhook_url"]) == told(twice)
    assert (400, "ssrf_blocked", ["/webhook/url"]) == told(inside)

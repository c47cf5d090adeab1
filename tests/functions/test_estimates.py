"""POST /v1/videos/estimate: the answer before the question costs anything."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.submit.app import create_app
from shared.core.quote import Quote
from shared.core.run import Run
from shared.core.work import Work
from tests.functions.jobs import queue
from tests.unit.core.samples import REQUEST

URL = "/v1/videos/estimate"
BODY = {"prompt": "a red cat on the sea"}


def ask(client, auth, **fields):
    answer = client.post(URL, json=BODY | fields, headers=auth)
    assert 200 == answer.status_code, answer.json
    return answer.json


def taught(services, seconds: float, *, ago: float = 3600, cold: float = 20.0) -> None:
    at = datetime.now(UTC) - timedelta(seconds=ago)
    services.runs.add(Run(work=Work.of(REQUEST), gpu="cpu", seconds=seconds, cold_start_s=cold, at=at))


def test_it_says_what_would_be_drawn_and_how_long_it_would_take(client, auth, services):
    taught(services, 10.0)
    for _ in range(3):
        queue(services)

    found = ask(client, auth, seconds="0.4", size="96x64")

    assert (True, [], 3, True, 20.0, "no") == (
        found["valid"],
        found["errors"],
        found["queue_depth"],
        found["waking"],
        found["cold_start_seconds"],
        found["long"],
    )
    assert {
        "model": "mochi-1-tiny",
        "size": "96x64",
        "width": 96,
        "height": 64,
        "num_frames": 13,
        "fps": 30,
        "seconds": "0.43",
        "num_inference_steps": 4,
        "guidance_scale": 4.5,
        "preset": "exact",
    } == found["normalized"]
    assert {"p50": 10.0, "p90": 15.0} == found["gpu_seconds"]
    assert 30 == found["eta_seconds"], "a worker must wake, and draws for ten seconds"
    assert found["vram_gb"] > 0


def test_it_makes_no_video_and_wakes_nobody(client, auth, services):
    ask(client, auth)

    assert (0, []) == (services.jobs.depth().waiting, services.publisher.events)
    assert [] == client.get("/v1/videos", headers=auth).json["data"]


def test_a_worker_that_drew_just_now_is_awake(client, auth, services):
    taught(services, 10.0, ago=5)
    assert 10 == ask(client, auth)["eta_seconds"]

    queue(services)
    assert 30 == ask(client, auth)["eta_seconds"], "it is not there any more: it would have that one"


def test_while_the_queue_is_held_nobody_can_say_when(client, auth, services):
    taught(services, 10.0)
    services.queue.pause("a new GPU")

    found = ask(client, auth)

    assert (True, None, 10.0) == (found["valid"], found["eta_seconds"], found["gpu_seconds"]["p50"])


@pytest.mark.parametrize(("threshold", "word"), [("9", "yes"), ("11", "no")])
def test_what_takes_longer_than_the_operators_threshold_is_long(settings_with, services, auth, threshold, word):
    taught(services, 10.0)
    client = create_app(settings_with(LONG_SECONDS=threshold), services).test_client()

    assert word == ask(client, auth)["long"]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/prompt"]),
        ({"prompt": "x", "num_frames": 14, "typo": 1}, ["/num_frames", "/typo"]),
        ({"prompt": "x", "webhook": "https://10.0.0.1/x"}, ["/webhook/url"]),
        ([], [""]),
    ],
)
def test_a_body_that_would_be_refused_is_told_all_that_is_wrong_and_nothing_else(client, auth, body, pointers):
    answer = client.post(URL, json=body, headers=auth)

    assert (200, False) == (answer.status_code, answer.json["valid"])
    assert pointers == sorted(error["pointer"] for error in answer.json["errors"])
    known = {name for name, value in answer.json.items() if value is not None}
    assert {"object", "valid", "errors"} == known
    assert set(Quote.__annotations__) == set(answer.json)


@pytest.mark.parametrize("body", [BODY, {}])
def test_it_agrees_with_the_creation(client, auth, body):
    valid = client.post(URL, json=body, headers=auth).json["valid"]

    assert (202 if valid else 400) == client.post("/v1/videos", json=body, headers=auth).status_code


def test_forms_and_headers_are_read_as_at_the_creation(client, auth):
    form = client.post(URL, data={"prompt": "x", "seconds": "5"}, headers=auth)
    refused = client.post(URL, json=BODY, headers=auth | {"X-Callback-Url": "https://10.0.0.1/x"})

    assert (200, "5.03") == (form.status_code, form.json["normalized"]["seconds"])
    assert (False, ["/webhook/url"]) == (refused.json["valid"], [e["pointer"] for e in refused.json["errors"]])


def test_what_cannot_be_read_at_all_is_refused(client, auth):
    answer = client.post(URL, data=b"{", content_type="application/json", headers=auth)

    assert 400 == answer.status_code


def test_more_to_draw_takes_longer(client, auth):
    less, more = (ask(client, auth, num_frames=frames)["gpu_seconds"] for frames in (13, 163))

    assert less["p50"] < more["p50"]
    assert less["p90"] < more["p90"]

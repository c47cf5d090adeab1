"""OpenAI's own Python client against our API, unmodified, over a real connection."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import openai
import pytest
from openai import OpenAI
from werkzeug.serving import make_server

from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.core.job import Failed, JobError
from shared.settings import Settings
from tests.functions.jobs import complete

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")

JSON = {"Content-Type": "application/json"}
FORM = "multipart/form-data"
PROMPT = "a red cat on the sea"


class Recorder:
    """The app, and what was asked of it."""

    def __init__(self, app):
        self._app = app
        self.seen: list[tuple[str, str, str]] = []

    def __call__(self, environ, start_response):
        content_type = environ.get("CONTENT_TYPE", "").partition(";")[0]
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], content_type))
        return self._app(environ, start_response)


@pytest.fixture
def api(request):
    """The API on loopback over stores in memory, with the settings that a test names; nobody draws."""
    key = new_api_key()
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    usual = {"API_KEYS": key, "WEBHOOK_NETWORKS": "127.0.0.0/8", "MODEL_ALIASES": "sora-2=mochi-1-tiny"}
    settings = Settings.from_env(places | usual | getattr(request, "param", {}))
    services = wiring.build(settings)
    recorder = Recorder(create_app(settings, services))
    server = make_server("127.0.0.1", 0, recorder, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.port}/v1"
    yield SimpleNamespace(key=key, url=url, seen=recorder.seen, services=services, settings=settings)
    server.shutdown()
    thread.join()
    server.server_close()
    services.close()


@pytest.fixture
def client(api):
    with client_of(api, api.key) as client:
        yield client


def client_of(api, key):
    http_client = openai.DefaultHttpxClient(trust_env=False)  # no proxy stands between us
    return OpenAI(base_url=api.url, api_key=key, http_client=http_client)


def first_of(api):
    """The queued job, as soon as there is one."""
    end = time.monotonic() + 10
    while not (jobs := api.services.jobs.page("default", limit=1, after=None, ascending=True).jobs):
        assert time.monotonic() < end
        time.sleep(0.01)
    return jobs[0].id


@pytest.mark.parametrize(("headers", "content_type"), [({}, FORM), (JSON, "application/json")])
def test_a_video_is_created_and_found_again(client, api, headers, content_type):
    video = client.videos.create(prompt=PROMPT, model="sora-2", extra_headers=headers)

    assert [("POST", "/v1/videos", content_type)] == api.seen
    assert ("queued", "video", 0) == (video.status, video.object, video.progress)
    assert (PROMPT, "mochi-1-tiny", "96x64", "0.43") == (video.prompt, video.model, video.size, video.seconds)
    assert video == client.videos.retrieve(video.id)


@pytest.mark.parametrize("headers", [{}, JSON])
def test_our_own_fields_travel_as_extras_and_come_back(client, headers):
    video = client.videos.create(
        prompt=PROMPT,
        seconds="1",
        size="1280x720",
        extra_body={
            "seed": 7,
            "steps": 3,
            "guidance_scale": 2.5,
            "size_policy": "nearest",
            "metadata": {"scene": "12"},
            "user": "ada",
            "webhook": {"url": "http://127.0.0.1:9/", "events": ["video.completed", "video.failed"]},
        },
        extra_headers=headers,
    )

    assert ("320x176", "1.03") == (video.size, video.seconds)
    assert (7, 3, 2.5) == (video.seed, video.num_inference_steps, video.guidance_scale)
    assert {"scene": "12", "user": "ada"} == video.metadata
    assert {"url": "http://127.0.0.1:9/", "events": ["video.completed", "video.failed"]} == video.webhook


UNMODIFIED = {
    "MODELS": "mochi-1-preview",
    "MODEL_ALIASES": "sora-2=mochi-1-preview sora-2-pro=mochi-1-preview",
    "SIZE_POLICY": "nearest",
    "SECONDS_POLICY": "nearest",
}


@pytest.mark.parametrize("api", [UNMODIFIED], indirect=True)
@pytest.mark.parametrize("model", ["sora-2", "sora-2-pro"])
@pytest.mark.parametrize("size", [("720x1280", "480x848"), ("1792x1024", "848x480")])
@pytest.mark.parametrize("seconds", [("4", "4.03"), ("8", "5.43"), ("12", "5.43")])
def test_what_was_written_for_openai_is_drawn_as_near_as_can_be_and_told(client, model, size, seconds):
    video = client.videos.create(prompt=PROMPT, model=model, size=size[0], seconds=seconds[0])

    assert (size[1], seconds[1], float(seconds[0])) == (video.size, video.seconds, video.seconds_requested)
    assert "mochi-1-preview" == video.model


def test_by_default_a_size_or_length_of_openais_is_refused_by_name(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.videos.create(prompt=PROMPT, model="sora-2", size="1280x720", seconds="12")

    assert {"/size", "/seconds"} == {error["pointer"] for error in caught.value.response.json()["errors"]}


def test_the_list_pages_itself(client, api):
    ids = [client.videos.create(prompt=PROMPT).id for _ in range(5)]

    assert ids[::-1] == [video.id for video in client.videos.list(limit=2)]
    assert ids == [video.id for video in client.videos.list(limit=2, order="asc")]
    assert 2 * 3 == sum(method == "GET" for method, *_ in api.seen)


def test_a_deleted_video_is_gone(client):
    video = client.videos.create(prompt=PROMPT)

    answer = client.videos.delete(video.id)

    assert (video.id, True, "video.deleted") == (answer.id, answer.deleted, answer.object)
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_every_variant_of_a_finished_video_is_downloaded(client, api, tmp_path):
    video = client.videos.create(prompt=PROMPT)
    complete(api.services, api.settings, video.id, b"all of the video")

    assert "completed" == client.videos.retrieve(video.id).status
    assert b"all of the video" == client.videos.download_content(video.id).read()
    assert b"webp" == client.videos.download_content(video.id, variant="thumbnail").read()
    assert b"jpeg" == client.videos.download_content(video.id, variant="spritesheet").read()
    client.videos.download_content(video.id, variant="video").write_to_file(tmp_path / "video.mp4")
    assert b"all of the video" == (tmp_path / "video.mp4").read_bytes()


def test_a_remix_names_the_video_it_comes_from(client):
    video = client.videos.create(prompt=PROMPT, extra_body={"seed": 7})

    remix = client.videos.remix(video.id, prompt="a blue cat")

    assert (video.id, "a blue cat", 7) == (remix.remixed_from_video_id, remix.prompt, remix.seed)
    assert remix.id != video.id


def test_polling_ends_with_the_video(client, api):
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(lambda: complete(api.services, api.settings, first_of(api)))
        video = client.videos.create_and_poll(prompt=PROMPT, poll_interval_ms=20)

    assert ("completed", 100, drawn.result().id) == (video.status, video.progress, video.id)


def test_polling_ends_with_a_failure_and_raises_nothing(client, api):
    def fail():
        job_id = first_of(api)
        api.services.jobs.claim("a", api.settings.lease)
        api.services.jobs.apply(job_id, Failed("a", JobError("quality_check_failed", "all black")))

    with ThreadPoolExecutor(1) as pool:
        failing = pool.submit(fail)
        video = client.videos.create_and_poll(prompt=PROMPT, poll_interval_ms=20)
        failing.result()

    assert ("failed", "quality_check_failed", "all black") == (video.status, video.error.code, video.error.message)


def test_the_pace_of_polling_is_ours(client):
    video = client.videos.create(prompt=PROMPT)

    assert "1000" == client.videos.with_raw_response.retrieve(video.id).headers["openai-poll-after-ms"]


REFUSED = [
    (lambda videos: videos.create(prompt=""), "invalid_parameter", "prompt"),
    (lambda videos: videos.create(prompt="x", model="sora-3"), "invalid_parameter", "model"),
    (lambda videos: videos.create(prompt="x", seconds="12"), "invalid_parameter", "seconds"),
    (lambda videos: videos.create(prompt="x", extra_body={"steps": 1}), "invalid_parameter", "steps"),
    (lambda videos: videos.create(prompt="x", extra_body={"n": 2}), "unsupported_feature", "n"),
    (lambda videos: videos.create(prompt="x", input_reference=b"\x89PNG"), "unsupported_feature", "input_reference"),
    (
        *(lambda videos: videos.create(prompt="x", extra_body={"input_reference": {"file_id": "f"}}),),
        *("unsupported_feature", "input_reference"),
    ),
    (
        lambda videos: videos.create(prompt="x", extra_body={"webhook": "https://10.0.0.1/"}),
        "ssrf_blocked",
        "webhook/url",
    ),
    (lambda videos: videos.edit(prompt="x", video=b"mp4"), "unsupported_feature", "video"),
    (lambda videos: videos.extend(prompt="x", seconds="4", video=b"mp4"), "unsupported_feature", None),
    (lambda videos: videos.create_character(name="x", video=b"mp4"), "unsupported_feature", None),
    (lambda videos: videos.get_character("char_1"), "unsupported_feature", None),
]


@pytest.mark.parametrize(("ask", "code", "param"), REFUSED)
def test_a_refusal_is_a_bad_request_with_code_and_field(client, api, ask, code, param):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client.videos)

    error = caught.value
    assert (code, param, "invalid_request_error") == (error.code, error.param, error.type)
    assert error.request_id.startswith("req_")
    assert 1 == len(api.seen)


def test_a_wrong_key_is_an_authentication_error(api):
    with client_of(api, new_api_key()) as stranger, pytest.raises(openai.AuthenticationError) as caught:
        stranger.videos.create(prompt=PROMPT)

    assert ("invalid_api_key", 1) == (caught.value.code, len(api.seen))


def test_an_unknown_video_is_a_not_found_error(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.videos.retrieve("video_x")

    assert "not_found" == caught.value.code


def test_a_conflict_is_not_asked_again(client, api):
    video = client.videos.create(prompt=PROMPT)

    with pytest.raises(openai.ConflictError) as caught:
        client.videos.download_content(video.id)

    assert "not_ready" == caught.value.code
    assert 1 == sum(path.endswith("/content") for _, path, _ in api.seen)


def test_the_models_are_listed_and_found(client):
    assert ["mochi-1-tiny"] == [model.id for model in client.models.list()]
    assert ("mochi-1-tiny", "flipbook", 1763856000) == model_of(client, "mochi-1-tiny")
    assert ("mochi-1-tiny", "flipbook", 1763856000) == model_of(client, "sora-2")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("sora-3")


def model_of(client, name):
    model = client.models.retrieve(name)
    return model.id, model.owned_by, model.created

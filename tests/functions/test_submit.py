"""The public API: what is accepted, what is refused and how, and what a caller sees."""

from datetime import timedelta

import pytest

from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.core.errors import NotFound
from shared.core.events import BELL, QUEUED
from shared.core.ids import new_attempt_id
from shared.core.job import Failed, JobError, JobState
from tests.functions.jobs import complete
from tests.functions.patience import patient
from tests.pages import listed

PROMPT = {"prompt": "a red cat on the sea"}


def create(client, auth, **fields):
    answer = client.post("/v1/videos", json=PROMPT | fields, headers=auth)
    assert 202 == answer.status_code, answer.json
    return answer.json["id"]


def test_a_prompt_is_accepted_and_can_be_tracked(client, auth):
    answer = client.post("/v1/videos", json=PROMPT, headers=auth)

    assert 202 == answer.status_code
    assert f"/v1/videos/{answer.json['id']}" == answer.headers["Location"]
    assert "1000" == answer.headers["openai-poll-after-ms"]
    assert "queued" == answer.json["status"]
    assert answer.json == client.get(answer.headers["Location"], headers=auth).json


def test_an_accepted_job_wakes_a_gpu(client, auth, services):
    job_id = create(client, auth)

    assert [("dev.flipbook.video.queued.v1", job_id)] == [(e.type, e.subject) for e in services.publisher.events]
    assert [] == list(services.outbox.unsent(older_than=timedelta(0), limit=10))


def test_no_more_bells_ring_than_gpus_may_be_idle(settings_with, auth):
    """Every job is told of; the first in the queue wake a GPU, the others are found by it."""
    settings = settings_with(WAKE_LIMIT="3")
    services = wiring.build(settings)
    client = patient(create_app(settings, services)).test_client()

    create(client, auth)
    services.jobs.claim("drawing", settings.lease)
    for _ in range(4):
        create(client, auth)

    queued = [event for event in services.publisher.events if event.type == QUEUED]
    assert [True, True, True, False, False] == [BELL in event.extensions for event in queued]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/prompt"]),
        ({"prompt": ""}, ["/prompt"]),
        ({"prompt": 7}, ["/prompt"]),
        ({"prompt": "x", "model": "sora-9"}, ["/model"]),
        ({"prompt": "x", "num_frames": 14}, ["/num_frames"]),
        ({"prompt": "x", "size": "97x64"}, ["/size"]),
        (
            {"prompt": "x", "size": "1e3x64", "num_frames": 1, "seed": -1, "typo": 1},
            ["/num_frames", "/seed", "/size", "/typo"],
        ),
        ([], [""]),
        ("text", [""]),
    ],
)
def test_a_wrong_request_names_every_wrong_field_and_queues_nothing(client, auth, services, body, pointers):
    answer = client.post("/v1/videos", json=body, headers=auth)

    assert 400 == answer.status_code
    assert "application/problem+json" == answer.content_type
    assert pointers == sorted(error["pointer"] for error in answer.json["errors"])
    assert "invalid_parameter" == answer.json["error"]["code"]
    assert 0 == services.jobs.depth().waiting


def test_a_body_that_is_no_json_is_refused_with_a_sentence(client, auth):
    answer = client.post("/v1/videos", data=b"{prompt:", content_type="application/json", headers=auth)

    assert (400, "the body is not valid JSON") == (answer.status_code, answer.json["errors"][0]["detail"])


def test_what_is_neither_json_nor_a_form_is_told_what_is(client, auth):
    answer = client.post("/v1/videos", data=b"x", content_type="text/plain", headers=auth)

    assert (415, "unsupported_media_type") == (answer.status_code, answer.json["error"]["code"])
    assert "application/json, multipart/form-data or application/x-www-form-urlencoded" in answer.json["detail"]


def test_a_prompt_of_a_megabyte_is_refused_unread(client, auth, services):
    answer = client.post("/v1/videos", json={"prompt": "x" * 1_000_000}, headers=auth)

    assert (413, "the body must be at most 64 KiB") == (answer.status_code, answer.json["detail"])
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer nonsense", f"Bearer {new_api_key()}", "Basic Zm9vOmJhcg=="],
)
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/video_x", "/metrics", "/nowhere"])
def test_without_a_valid_key_nothing_is_told(client, path, header):
    answer = client.get(path, headers={"Authorization": header} if header is not None else {})

    assert (401, "invalid_api_key") == (answer.status_code, answer.json["error"]["code"])
    assert "Bearer" == answer.headers["WWW-Authenticate"]


def test_only_the_probes_and_the_documentation_need_no_key(settings, services):
    """The list is a literal: a new open route must be added here on purpose."""
    app = create_app(settings, services)
    client = app.test_client()
    open_routes = set()
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<job_id>", "video_x")
        for method in rule.methods - {"OPTIONS"}:
            if 401 != client.open(path, method=method).status_code:
                open_routes.add(rule.rule)

    assert {
        "/healthz",
        "/readyz",
        "/health/liveness",
        "/health/readiness",
        "/openapi.json",
        "/docs",
        "/.well-known/jwks.json",
        "/",
        "/assets/<asset_name>",
    } == open_routes


def test_an_unknown_id_is_not_found(client, auth):
    for method in ("get", "delete"):
        answer = getattr(client, method)("/v1/videos/video_01ARZ3NDEKTSV4RRFFQ69G5FAV", headers=auth)
        assert (404, "not_found") == (answer.status_code, answer.json["error"]["code"])


def test_a_wrong_method_says_which_are_right(client, auth):
    answer = client.put("/v1/videos", headers=auth)

    assert (405, "method_not_allowed") == (answer.status_code, answer.json["error"]["code"])
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_list_is_paged_newest_first_by_cursor(client, auth):
    ids = [create(client, auth) for _ in range(5)]

    found = listed(lambda after: client.get(f"/v1/videos?limit=2{after}", headers=auth), pages=3)

    assert ids[::-1] == [video["id"] for video in found]
    assert ids == [v["id"] for v in client.get("/v1/videos?order=asc", headers=auth).json["data"]]


def test_wrong_page_arguments_are_both_named(client, auth):
    answer = client.get("/v1/videos?limit=0&order=up", headers=auth)

    assert (400, ["/limit", "/order"]) == (answer.status_code, [e["pointer"] for e in answer.json["errors"]])


def test_the_content_of_an_unfinished_job_is_not_ready(client, auth):
    answer = client.get(f"/v1/videos/{create(client, auth)}/content", headers=auth)

    assert (409, "not_ready") == (answer.status_code, answer.json["error"]["code"])
    assert "false" == answer.headers["x-should-retry"]


def test_a_finished_video_is_served_whole_in_part_and_by_head(client, auth, services, settings):
    job_id = create(client, auth)
    complete(services, settings, job_id)
    url = f"/v1/videos/{job_id}/content"

    whole = client.get(url, headers=auth)
    part = client.get(url, headers=auth | {"Range": "bytes=2-4"})
    tail = client.get(url, headers=auth | {"Range": "bytes=-3"})
    head = client.head(url, headers=auth)
    beyond = client.get(url, headers=auth | {"Range": "bytes=10-"})

    assert (200, b"0123456789", "video/mp4") == (whole.status_code, whole.data, whole.content_type)
    assert (206, b"234", "bytes 2-4/10") == (part.status_code, part.data, part.headers["Content-Range"])
    assert (206, b"789") == (tail.status_code, tail.data)
    assert (200, b"", 10) == (head.status_code, head.data, head.content_length)
    assert (416, "bytes */10") == (beyond.status_code, beyond.headers["Content-Range"])
    thumbnail = client.get(f"{url}?variant=thumbnail", headers=auth)
    assert (200, b"webp") == (thumbnail.status_code, thumbnail.data)
    assert 400 == client.get(f"{url}?variant=sound", headers=auth).status_code


def test_what_a_caller_has_already_is_not_sent_again(client, auth, services, settings):
    job_id = create(client, auth)
    complete(services, settings, job_id)
    url = f"/v1/videos/{job_id}/content"
    etag = client.get(url, headers=auth).headers["ETag"]

    same = client.get(url, headers=auth | {"If-None-Match": etag})
    rest = client.get(url, headers=auth | {"Range": "bytes=8-", "If-Range": etag})
    changed = client.get(url, headers=auth | {"Range": "bytes=8-", "If-Range": '"another"'})
    several = client.get(url, headers=auth | {"Range": "bytes=0-1,4-5"})

    assert (304, b"") == (same.status_code, same.data)
    assert (206, b"89") == (rest.status_code, rest.data)
    assert (200, b"0123456789") == (changed.status_code, changed.data)
    assert (200, b"0123456789") == (several.status_code, several.data)


def test_a_failed_job_is_told_with_200_and_has_no_content(client, auth, services, settings):
    job_id = create(client, auth)
    job = services.jobs.claim("a", settings.lease)
    services.jobs.apply(job_id, Failed(job.attempt, JobError("quality_check_failed", "all black")))

    video = client.get(f"/v1/videos/{job_id}", headers=auth)

    assert (200, "failed", "failed") == (video.status_code, video.json["status"], video.json["state"])
    assert {"code": "quality_check_failed", "message": "all black"} == video.json["error"]
    assert 404 == client.get(f"/v1/videos/{job_id}/content", headers=auth).status_code


def test_a_deleted_queued_job_is_gone_and_never_drawn(client, auth, services, settings):
    job_id = create(client, auth)

    answer = client.delete(f"/v1/videos/{job_id}", headers=auth)

    assert {"id": job_id, "object": "video.deleted", "deleted": True} == answer.json
    assert 404 == client.get(f"/v1/videos/{job_id}", headers=auth).status_code
    assert 404 == client.delete(f"/v1/videos/{job_id}", headers=auth).status_code
    assert [] == client.get("/v1/videos", headers=auth).json["data"]
    assert services.jobs.claim("a", settings.lease) is None


def test_a_deleted_running_job_is_gone_at_once_and_its_worker_told(client, auth, services, settings):
    job_id = create(client, auth)
    job = services.jobs.claim("a", settings.lease)

    assert 200 == client.delete(f"/v1/videos/{job_id}", headers=auth).status_code

    assert 404 == client.get(f"/v1/videos/{job_id}", headers=auth).status_code
    assert JobState.CANCELLING is services.jobs.renew(job_id, job.attempt, settings.lease).state


def test_a_deleted_video_is_as_unknown_as_one_that_never_was(client, auth, services, settings):
    job_id = create(client, auth)
    services.jobs.claim(new_attempt_id(), settings.lease)
    client.delete(f"/v1/videos/{job_id}", headers=auth)
    never = "video_" + "0" * 26

    told = [client.get(f"/v1/videos/{name}", headers=auth).json["detail"] for name in (job_id, never)]

    assert [f"there is no video {job_id}", f"there is no video {never}"] == told


@pytest.mark.parametrize("header", ["bytes=0-1,4-5", "frames=1-2", "bytes=x"])
def test_ranges_that_are_not_served_are_ignored(client, auth, services, settings, header):
    job_id = create(client, auth)
    complete(services, settings, job_id)

    answer = client.get(f"/v1/videos/{job_id}/content", headers=auth | {"Range": header})

    assert (200, b"0123456789") == (answer.status_code, answer.data)


def test_a_deleted_video_takes_its_artifacts_along(client, auth, services, settings):
    job_id = create(client, auth)
    output = complete(services, settings, job_id).output

    client.delete(f"/v1/videos/{job_id}", headers=auth)

    with pytest.raises(NotFound):
        services.artifacts.stat(output.video.key)


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/x", "https://169.254.169.254/latest", "ftp://127.0.0.1/", "nonsense"]
)
def test_a_callback_into_the_network_is_refused_at_submit(client, auth, services, url):
    answer = client.post("/v1/videos", json=PROMPT | {"webhook": url}, headers=auth)

    assert (400, "ssrf_blocked") == (answer.status_code, answer.json["error"]["code"])
    assert ["/webhook/url"] == [e["pointer"] for e in answer.json["errors"]]
    assert 0 == services.jobs.depth().waiting


def test_every_answer_has_a_request_id(client, auth):
    answers = [client.get("/healthz"), client.get("/nowhere", headers=auth), client.get("/v1/videos")]

    assert 3 == len({answer.headers["x-request-id"] for answer in answers})


def test_metrics_have_no_label_that_grows_with_the_jobs(client, auth):
    def series():
        return {line.split(" ")[0] for line in client.get("/metrics", headers=auth).text.splitlines() if line[0] != "#"}

    def visit():
        client.get(f"/v1/videos/{create(client, auth)}", headers=auth)
        client.get("/v1/nowhere", headers=auth)

    visit()
    series()
    before = series()
    for _ in range(20):
        visit()

    assert before == series()

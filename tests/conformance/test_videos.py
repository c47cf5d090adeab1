"""What a caller of the API may rely on, wherever Flipbook runs and whatever happens there."""

from __future__ import annotations

import uuid

import pytest

from tests.conformance.site import VIDEO


def test_prompts_become_videos(site):
    ids = [site.create(prompt=f"A paper boat on lake {number}") for number in range(3)]

    for job_id in ids:
        video = site.finished(job_id)
        content = site.send("GET", f"/v1/videos/{job_id}/content")
        assert ("completed", 100, 7) == (video["status"], video["progress"], video["output"]["num_frames"]), video
        assert (200, "video/mp4") == (content.status, content.headers["content-type"])
        assert (video["output"]["bytes"], b"ftyp") == (len(content.body), content.body[4:8])


def test_a_request_that_is_repeated_under_its_key_is_one_video(site):
    key = str(uuid.uuid4())
    first, second = (site.send("POST", "/v1/videos", VIDEO, Idempotency_Key=key) for _ in range(2))

    assert first.json["id"] == second.json["id"]
    assert (200, "true") == (second.status, second.headers["idempotency-replayed"])


def test_a_video_that_is_taken_back_ends_cancelled(site):
    job_id = site.create(prompt="slowly, a paper boat", num_inference_steps=100)
    site.until(lambda: site.video(job_id)["status"] == "in_progress", "it is drawn")

    assert site.send("POST", f"/v1/videos/{job_id}/cancel").status in (200, 202)

    assert "cancelled" == site.finished(job_id)["state"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"prompt": 7}', b'{"prompt": "x", "num_frames": -1}'])
def test_what_is_no_request_is_400_and_told_in_a_sentence(site, body):
    answer = site.send("POST", "/v1/videos", body, Content_Type="application/json")

    assert (400, "application/problem+json") == (answer.status, answer.headers["content-type"])
    assert answer.json["detail"]


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/v1/videos"), ("DELETE", "/v1/models"), ("GET", "/v1/events")])
def test_another_method_is_405_and_says_which_are_allowed(site, method, path):
    answer = site.send(method, path)

    assert 405 == answer.status
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/queue", "/v1/videos/video_01KDYQ3W00AAAAAAAAAAAAAAAA"])
@pytest.mark.parametrize("key", ["", "fb_00000000_" + "x" * 43])
def test_without_a_key_the_door_is_shut(site, path, key):
    assert 401 == site.send("GET", path, key=key).status


def test_what_is_not_there_is_404(site):
    assert [404, 404] == [site.send("GET", f"/v1/{path}").status for path in ("nothing", "videos/video_" + "0" * 26)]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_open_and_answer_while_something_is_drawn(site, path):
    job_id = site.create(prompt="slowly, a paper boat")

    assert 200 == site.send("GET", path, key="").status

    assert "completed" == site.finished(job_id)["status"]

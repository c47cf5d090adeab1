"""What a newcomer does first, and what they must see."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest
from standardwebhooks import Webhook

from tests.e2e.browser import plays
from tests.e2e.platform import eventually
from tests.needs import require
from tests.receiver import Receiver


@pytest.fixture(scope="module")
def drawn(platform, tmp_path_factory):
    """One video from prompt to file, and everything that was seen on the way."""
    before = len(platform.status()["services"]["generate"]["instances"])
    with Receiver() as receiver:
        job_id = platform.create(webhook=receiver.url)
        during = eventually(lambda: len(platform.pids("generate")), "generate wakes up")
        video = platform.finished(job_id)
        [(headers, body)] = receiver.wait(1)
    _, content_headers, content = platform.call("GET", f"/v1/videos/{job_id}/content")
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    path.write_bytes(content)
    return {
        "scale": (before, during),
        "video": video,
        "callback": (headers, body),
        "headers": content_headers,
        "path": path,
    }


def test_a_prompt_becomes_a_completed_video(drawn):
    video = drawn["video"]

    assert ("completed", 100, "96x64", 13) == (
        video["status"],
        video["progress"],
        video["size"],
        video["output"]["num_frames"],
    )
    assert "video/mp4" == drawn["headers"]["Content-Type"]
    assert str(video["output"]["bytes"]) == drawn["headers"]["Content-Length"]


def test_generate_was_at_zero_before_and_one_during_and_goes_back(drawn, platform):
    assert (0, 1) == drawn["scale"]
    eventually(lambda: not platform.status()["services"]["generate"]["instances"], "generate back at zero")


def test_the_callback_verifies_with_standardwebhooks(drawn, platform):
    headers, body = drawn["callback"]

    event = Webhook(platform.webhook_secret).verify(body, headers)

    assert ("video.completed", drawn["video"]["id"]) == (event["type"], event["data"]["id"])
    assert "dev.flipbook.video.completed.v1" == headers["ce-type"]


def test_ffprobe_finds_what_was_promised(drawn):
    require("ffprobe")
    probe = subprocess.run(
        [shutil.which("ffprobe"), "-v", "error", "-count_frames", "-show_streams", "-of", "json", drawn["path"]],
        capture_output=True,
        check=True,
    )
    [stream] = json.loads(probe.stdout)["streams"]
    assert ("h264", "yuv420p", 96, 64, "13", "bt709", "30/1") == tuple(
        stream[name]
        for name in ("codec_name", "pix_fmt", "width", "height", "nb_read_frames", "color_space", "avg_frame_rate")
    )


def test_chromium_plays_it_to_the_end(drawn, tmp_path):
    require("chromium")
    assert "ended 96x64" == plays(drawn["path"], tmp_path)


def test_without_the_key_the_door_is_shut(platform):
    status, _, body = platform.call("GET", "/v1/videos", Authorization="Bearer wrong")

    assert (401, "invalid_api_key") == (status, json.loads(body)["error"]["code"])


def test_a_wrong_request_gets_a_sentence_through_the_whole_platform(platform):
    status, _, body = platform.call("POST", "/v1/videos", {"prompt": "x", "num_frames": 14, "size": "1x1"})

    assert (400, ["/size", "/size", "/num_frames"]) == (status, [e["pointer"] for e in json.loads(body)["errors"]])


def test_twenty_jobs_at_once_all_finish_on_at_most_two_instances(platform):
    ids = [platform.create(prompt=f"wave {i}", num_frames=7, num_inference_steps=2) for i in range(20)]
    most = 0

    def all_done():
        nonlocal most
        most = max(most, len(platform.pids("generate")))
        return all(platform.video(job_id)["status"] == "completed" for job_id in ids)

    eventually(all_done, "twenty videos", timeout=150)
    assert most in (1, 2)


def test_the_broker_takes_events_where_knative_does(platform):
    def post(path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{platform.port + 1}{path}", b"{}", headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    event = {
        "Ce-Specversion": "1.0",
        "Ce-Id": "1",
        "Ce-Source": "/test",
        "Ce-Type": "test",
        "Content-Type": "application/json",
    }
    assert 202 == post("/flipbook/default", **event)
    assert 404 == post("/flipbook/nowhere", **event)
    assert 400 == post("/flipbook/default")

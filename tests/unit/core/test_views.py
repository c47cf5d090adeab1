"""What callers see: OpenAI's fields to the letter, ours beside them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core import views
from shared.core.forecast import Outlook
from shared.core.job import Job, JobState
from shared.core.output import Artifact, Grid
from shared.core.progress import Phase, Progress
from shared.core.standing import Standing
from shared.core.timings import Timings
from tests.unit.core.samples import AFTER_LOSS, IN_STATE, NOON, OUTPUT, QUEUED

T = int(NOON.timestamp())

OPENAI_FIELDS = {
    *("id", "object", "model", "status", "progress", "prompt", "created_at", "completed_at"),
    *("expires_at", "seconds", "size", "remixed_from_video_id", "error"),
}
OUR_FIELDS = {
    *("state", "phase", "step", "total_steps", "queue_position", "attempt", "max_attempts"),
    *("num_frames", "fps", "width", "height", "seed", "negative_prompt", "num_inference_steps", "guidance_scale"),
    *("preset", "seconds_requested", "deadline_at", "priority", "preview"),
    *(
        "metadata",
        "webhook",
        "webhook_endpoint",
        "upload_url",
        "retried_from_video_id",
        "started_at",
        "finished_at",
        "cancelled_at",
        "output",
        "links",
    ),
    *("resumed_from_step", "progress_detail", "gpu", "eta_seconds", "timings", "variants", "quality"),
}

STATUS = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "in_progress",
    JobState.CANCELLING: "in_progress",
    JobState.COMPLETED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
    JobState.EXPIRED: "failed",
}

ERRORS = {
    JobState.FAILED: "out_of_memory",
    JobState.CANCELLED: "job_cancelled",
    JobState.EXPIRED: "job_expired",
}

SELF = "https://flipbook.example/v1/videos/video_01KDYQ3W00AAAAAAAAAAAAAAAA"
MEASURED = replace(
    OUTPUT,
    spritesheet=Artifact(key="default/video_1/a/s.jpg", content_type="image/jpeg", bytes=900, sha256="ef" * 32),
    grid=Grid(columns=5, rows=3, stills=13, tile_width=96, tile_height=64),
    checks=("codec", "duration"),
    timings=Timings(cold_start_s=0.0, load_s=0.0, prompt_s=0.25, denoise_s=8.5, decode_s=2.0, encode_s=1.0),
    resumed_from=2,
    gpu="NVIDIA H200",
)
COMPLETED = {
    "id": "video_01KDYQ3W00AAAAAAAAAAAAAAAA",
    "object": "video",
    "model": "mochi-1-tiny",
    "status": "completed",
    "progress": 100,
    "prompt": "a fox in the snow",
    "created_at": T,
    "completed_at": T + 2,
    "expires_at": T + 2 + 3600,
    "seconds": "0.43",
    "size": "96x64",
    "remixed_from_video_id": None,
    "error": None,
    "state": "completed",
    "phase": None,
    "step": None,
    "total_steps": 4,
    "queue_position": None,
    "attempt": 1,
    "max_attempts": 3,
    "num_frames": 13,
    "fps": 30,
    "width": 96,
    "height": 64,
    "seed": 7,
    "negative_prompt": "fog",
    "num_inference_steps": 4,
    "guidance_scale": 4.5,
    "preset": "exact",
    "seconds_requested": None,
    "deadline_at": None,
    "priority": "normal",
    "preview": False,
    "metadata": {"scene": "12"},
    "webhook": {"url": "https://example.com/hook", "events": []},
    "webhook_endpoint": None,
    "upload_url": None,
    "retried_from_video_id": None,
    "started_at": T + 1,
    "finished_at": T + 2,
    "cancelled_at": None,
    "resumed_from_step": 2,
    "progress_detail": None,
    "gpu": "NVIDIA H200",
    "eta_seconds": None,
    "timings": {
        "queued_s": 1.0,
        "cold_start_s": 0.0,
        "load_s": 0.0,
        "prompt_s": 0.25,
        "denoise_s": 8.5,
        "decode_s": 2.0,
        "encode_s": 1.0,
        "upload_s": None,
    },
    "quality": {"checks": ["codec", "duration"]},
    "variants": [
        {
            "variant": "video",
            "url": f"{SELF}/content?variant=video",
            "content_type": "video/mp4",
            "bytes": 5000,
            "sha256": "ab" * 32,
            "grid": None,
        },
        {
            "variant": "thumbnail",
            "url": f"{SELF}/content?variant=thumbnail",
            "content_type": "image/webp",
            "bytes": 500,
            "sha256": "cd" * 32,
            "grid": None,
        },
        {
            "variant": "spritesheet",
            "url": f"{SELF}/content?variant=spritesheet",
            "content_type": "image/jpeg",
            "bytes": 900,
            "sha256": "ef" * 32,
            "grid": {"columns": 5, "rows": 3, "stills": 13, "tile_width": 96, "tile_height": 64},
        },
    ],
    "output": {
        "url": f"{SELF}/content",
        "content_type": "video/mp4",
        "bytes": 5000,
        "sha256": "ab" * 32,
        "expires_at": T + 2 + 3600,
        "codec": "h264",
        "width": 96,
        "height": 64,
        "fps": 30,
        "num_frames": 13,
        "duration_s": 0.433,
    },
    "links": {
        "self": SELF,
        "content": f"{SELF}/content",
        "thumbnail": f"{SELF}/content?variant=thumbnail",
        "spritesheet": f"{SELF}/content?variant=spritesheet",
        "preview": f"{SELF}/preview",
        "events": f"{SELF}/events",
        "cancel": f"{SELF}/cancel",
        "retry": f"{SELF}/retry",
        "remix": f"{SELF}/remix",
    },
}


def shown(
    job: Job, *, progress: Progress | None = None, percent: int = 0, position: int | None = None, **others: Any
) -> dict[str, Any]:
    return views.video(Standing(job, progress, percent, position), **others)


EACH_STATE = pytest.mark.parametrize("job", IN_STATE.values(), ids=IN_STATE)


@EACH_STATE
def test_a_video_has_openais_fields_and_ours_and_no_others(job: Job):
    assert OPENAI_FIELDS | OUR_FIELDS == set(shown(job))


@EACH_STATE
def test_a_video_is_json(job: Job):
    video = shown(job)

    assert video == json.loads(json.dumps(video))


@EACH_STATE
def test_nobody_sees_who_holds_a_job_or_where_its_artifacts_lie(job: Job):
    text = json.dumps(shown(replace(job, attempt="fence-canary", tenant="tenant-canary")))

    assert "canary" not in text
    assert OUTPUT.video.key not in text


@pytest.mark.parametrize("state", JobState)
def test_status_is_one_of_the_four_words_that_openais_clients_know(state):
    video = shown(IN_STATE[state])

    assert (STATUS[state], state.value) == (video["status"], video["state"])


@pytest.mark.parametrize("state", JobState)
def test_an_error_has_a_code_for_machines_and_a_sentence_for_people(state):
    error = shown(IN_STATE[state])["error"]

    assert ERRORS.get(state) == (error and error["code"])
    assert error is None or ({"code", "message"} == set(error) and " " in error["message"])


def test_a_completed_video_to_the_letter():
    video = shown(
        replace(IN_STATE[JobState.COMPLETED], output=MEASURED),
        base_url="https://flipbook.example",
        expires_at=NOON + timedelta(seconds=3602),
        percent=98,
    )

    assert COMPLETED == video


def test_links_are_paths_when_no_public_url_is_known():
    assert "/v1/videos/video_01KDYQ3W00AAAAAAAAAAAAAAAA" == shown(QUEUED)["links"]["self"]


def test_a_running_video_tells_how_far_it_is():
    progress = Progress(attempt="a", phase=Phase.DENOISING, step=2, total_steps=4)
    video = shown(IN_STATE[JobState.RUNNING], progress=progress, percent=47)

    assert ("denoising", 2, 4, 47) == (video["phase"], video["step"], video["total_steps"], video["progress"])


def test_a_running_video_tells_what_was_measured_so_far():
    timings = Timings(cold_start_s=30.0, load_s=20.0, prompt_s=1.0, denoise_s=7.5)
    progress = Progress(
        attempt="a", phase=Phase.DENOISING, step=3, total_steps=4, resumed_from=2, timings=timings, gpu="NVIDIA H200"
    )
    video = shown(IN_STATE[JobState.RUNNING], progress=progress)

    assert (1.0, 30.0, 7.5, None) == tuple(
        video["timings"][part] for part in ("queued_s", "cold_start_s", "denoise_s", "decode_s")
    )
    assert (2, "NVIDIA H200") == (video["resumed_from_step"], video["gpu"])


def test_what_was_not_measured_is_null_but_named():
    assert {None} == set(shown(QUEUED)["timings"].values())
    assert set(Timings.__dataclass_fields__) | {"queued_s"} == set(shown(QUEUED)["timings"])


@pytest.mark.parametrize(("waking", "phase"), [(True, "cold_starting"), (False, "waiting")])
def test_a_queued_video_says_whether_a_worker_wakes_for_it_and_when_it_may_be_there(waking, phase):
    video = shown(QUEUED, position=0, outlook=Outlook(42, waking=waking))

    assert ("queued", "queued", phase, 42) == (video["status"], video["state"], video["phase"], video["eta_seconds"])


def test_what_happens_is_told_to_people_too():
    at_step = Progress(attempt="a", phase=Phase.DENOISING, step=2, total_steps=4)
    loading = replace(at_step, phase=Phase.LOADING)
    running = IN_STATE[JobState.RUNNING]

    assert "denoising, step 2 of 4" == shown(running, progress=at_step)["progress_detail"]
    assert "loading model" == shown(running, progress=loading)["progress_detail"]
    assert "3 before it in the queue" == shown(QUEUED, position=3)["progress_detail"]
    assert "a GPU is waking for it" == shown(QUEUED, position=3, outlook=Outlook(1, waking=True))["progress_detail"]


@pytest.mark.parametrize("state", [state for state in JobState if state.is_final])
def test_what_is_over_has_no_phase_and_no_end_to_wait_for(state):
    video = shown(IN_STATE[state])

    assert (None, None, None) == (video["phase"], video["eta_seconds"], video["queue_position"])
    assert (state is JobState.CANCELLED) == (video["cancelled_at"] is not None)


def test_a_video_that_was_drawn_before_there_was_more_to_tell_is_told_without():
    video = shown(IN_STATE[JobState.COMPLETED])

    assert ["video", "thumbnail"] == [variant["variant"] for variant in video["variants"]]
    assert (None, None, {"checks": []}) == (video["gpu"], video["resumed_from_step"], video["quality"])
    assert None is video["timings"]["denoise_s"]


def test_progress_does_not_go_back_when_a_worker_is_lost():
    assert 47 == shown(AFTER_LOSS, percent=47)["progress"]


@pytest.mark.parametrize("state", sorted(set(JobState) - {JobState.COMPLETED}))
def test_a_video_that_did_not_complete_has_no_completion_and_no_output(state):
    video = shown(IN_STATE[state], percent=47)

    assert (47, None, None) == (video["progress"], video["completed_at"], video["output"])


def test_a_queued_video_tells_its_place():
    assert 0 == shown(QUEUED, position=0)["queue_position"]


def test_a_video_without_a_webhook_says_so():
    assert None is shown(replace(QUEUED, webhook=None))["webhook"]


@pytest.mark.parametrize(("num_frames", "seconds"), [(7, "0.23"), (61, "2.03"), (121, "4.03"), (163, "5.43")])
def test_seconds_are_a_string_as_openais_are_and_those_really_drawn(num_frames, seconds):
    job = replace(QUEUED, request=replace(QUEUED.request, num_frames=num_frames))

    assert seconds == shown(job)["seconds"]


@pytest.mark.parametrize(("fps", "seconds"), [(13, "1"), (26, "0.5"), (1, "13")])
def test_seconds_have_no_needless_zeros(fps, seconds):
    job = replace(QUEUED, request=replace(QUEUED.request, fps=fps))

    assert seconds == shown(job)["seconds"]


def test_a_deletion_is_told_in_openais_form():
    assert {"id": "video_1", "object": "video.deleted", "deleted": True} == views.video_deleted("video_1")

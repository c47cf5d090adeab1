"""One of each thing of the core, for tests to vary with `dataclasses.replace`."""

from datetime import UTC, datetime, timedelta

from shared.core.job import (
    Cancelled,
    CancelRequested,
    Change,
    Claimed,
    Completed,
    Expired,
    Failed,
    Job,
    JobError,
    JobState,
    LeaseExpired,
    Webhook,
    Yielded,
    advance,
)
from shared.core.output import Artifact, Output
from shared.core.request import VideoRequest

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

REQUEST = VideoRequest(
    model="mochi-1-tiny",
    prompt="a fox in the snow",
    negative_prompt="fog",
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    seed=7,
    num_inference_steps=4,
    guidance_scale=4.5,
)

OUTPUT = Output(
    video=Artifact(key="default/video_1/a/video.mp4", content_type="video/mp4", bytes=5000, sha256="ab" * 32),
    thumbnail=Artifact(key="default/video_1/a/thumbnail.webp", content_type="image/webp", bytes=500, sha256="cd" * 32),
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    codec="h264",
)

QUEUED = Job(
    id="video_01KDYQ3W00AAAAAAAAAAAAAAAA",
    tenant="default",
    request=REQUEST,
    webhook=Webhook(url="https://example.com/hook"),
    metadata={"scene": "12"},
    created_at=NOON,
    expires_at=NOON + timedelta(days=1),
    queued_at=NOON,
    changed_at=NOON,
)


def after(*changes: Change, job: Job = QUEUED) -> Job:
    """`job` after the changes, one a second."""
    for change in changes:
        job = advance(job, change, job.changed_at + SECOND)
    return job


CLAIMED = Claimed("a")
BROKEN = Failed("a", JobError("out_of_memory", "the video does not fit"))

IN_STATE = {
    JobState.QUEUED: QUEUED,
    JobState.RUNNING: after(CLAIMED),
    JobState.CANCELLING: after(CLAIMED, CancelRequested()),
    JobState.COMPLETED: after(CLAIMED, Completed("a", OUTPUT)),
    JobState.FAILED: after(CLAIMED, BROKEN),
    JobState.CANCELLED: after(CLAIMED, CancelRequested(), Cancelled("a")),
    JobState.EXPIRED: after(Expired()),
}
"""A job in each state, by the shortest way."""
AFTER_YIELD = after(CLAIMED, Yielded("a"))
AFTER_LOSS = after(CLAIMED, LeaseExpired("a"))

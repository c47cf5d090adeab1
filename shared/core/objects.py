"""The objects in answers, field by field. views.py makes them; the OpenAPI document shows them.

A docstring under a field is its description there. A test compares what is answered with what stands here.
"""

from __future__ import annotations

from typing import (
    Any,
    Final,
    Literal,
    NotRequired,  # pydantic asks for this one before Python 3.12
)

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from shared.core.model_objects import Model
from shared.core.queue_objects import Queue, QueuePurge

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class VideoError(TypedDict):
    """Why there is no video."""

    code: str
    """For programs: `job_cancelled`, `job_expired`, `worker_lost`, `quality_check_failed` and others."""
    message: str
    """For people."""


@with_config(_DESCRIBED)
class VideoOutput(TypedDict):
    """The file that was drawn, as measured on it afterwards."""

    url: str
    content_type: str
    bytes: int
    sha256: str
    """Lower-case hex."""
    expires_at: int | None
    """When it goes."""
    codec: str
    width: int
    height: int
    num_frames: int
    fps: int
    duration_s: float
    """Seconds."""


@with_config(_DESCRIBED)
class SpriteGrid(TypedDict):
    """How a spritesheet is laid out: its stills stand in rows, left to right and top to bottom."""

    columns: int
    rows: int
    stills: int
    """Evenly spaced from the first frame to the last. What the last row has no still for is black."""
    tile_width: int
    tile_height: int


@with_config(_DESCRIBED)
class VideoVariant(TypedDict):
    """One of the files that a video consists of."""

    variant: Literal["video", "thumbnail", "spritesheet"]
    url: str
    content_type: str
    bytes: int
    sha256: str
    """Lower-case hex."""
    grid: SpriteGrid | None
    """Of the spritesheet."""


@with_config(_DESCRIBED)
class VideoTimings(TypedDict):
    """Where the seconds went, as the last worker measured them; null: not measured, or not yet.

    A worker that resumed at a checkpoint measured only the steps that it drew itself.
    """

    queued_s: float | None
    """Until the first worker had it."""
    cold_start_s: float | None
    """Of that, how long it waited for a worker that had to be started; 0: one was there."""
    load_s: float | None
    """Of that, how long the worker loaded the model."""
    prompt_s: float | None
    """Reading the prompt, and fetching the checkpoint if there was one."""
    denoise_s: float | None
    decode_s: float | None
    encode_s: float | None
    upload_s: float | None


@with_config(_DESCRIBED)
class VideoQuality(TypedDict):
    """What was found right about the video before it was called completed."""

    checks: list[str]


@with_config(_DESCRIBED)
class VideoWebhook(TypedDict):
    """Who hears of the end."""

    url: str
    events: list[str]
    """Those that are told; empty: every final one."""


@with_config(_DESCRIBED)
class VideoLinks(TypedDict):
    """Where to go on; paths when the platform was not told its public address."""

    self: str
    content: str
    thumbnail: str
    spritesheet: str
    preview: str
    events: str
    cancel: str
    retry: str
    remix: str


@with_config(_DESCRIBED)
class Video(TypedDict):
    """OpenAI's Video, with our own fields beside it. Times are Unix seconds."""

    id: str
    object: Literal["video"]
    model: str
    status: Literal["queued", "in_progress", "completed", "failed"]
    """OpenAI's words. A video that was cancelled or expired is `failed` with an `error`."""
    progress: int
    """0 to 100; never goes back, and is 100 only when the video is there."""
    prompt: str
    created_at: int
    completed_at: int | None
    expires_at: int | None
    """When the record and its files go; null while it is not over."""
    seconds: str
    """The length that is drawn."""
    size: str
    """Width x height in pixels."""
    remixed_from_video_id: str | None
    error: VideoError | None
    state: Literal["queued", "running", "cancelling", "completed", "failed", "cancelled", "expired"]
    """More exact than `status`."""
    total_steps: int
    attempt: int
    """0 before the first worker has it."""
    max_attempts: int
    num_frames: int
    fps: int
    width: int
    height: int
    seed: int
    """The same request with the same seed draws the same video."""
    negative_prompt: str
    num_inference_steps: int
    guidance_scale: float
    preset: str
    """How it is drawn; the models tell what that does to the picture."""
    seconds_requested: float | None
    """The length that was asked for; `seconds` is the nearest that can be drawn."""
    deadline_at: int | None
    """When it fails with `timeout` if it is not done."""
    priority: Literal["low", "normal", "high"]
    preview: bool
    metadata: dict[str, str]
    webhook: VideoWebhook | None
    webhook_endpoint: str | None
    """The registered endpoint that was named for it."""
    upload_url: str | None
    """Where it is PUT when it is there, without the query. How that went stands among its deliveries."""
    retried_from_video_id: str | None
    started_at: int | None
    finished_at: int | None
    cancelled_at: int | None
    phase: str | None
    """What happens now: `waiting`, `cold_starting` (a worker was called for it and is not there yet), or what its
    worker does. Null when it is over, and until its worker says."""
    step: int | None
    """Denoising steps done, as its worker says; null while none does. Another worker goes on from the last checkpoint:
    if the one before could not store one at its end, from a lower step. `progress` never goes back."""
    progress_detail: str | None
    """The same as `phase`, for people."""
    resumed_from_step: int | None
    """The step of the checkpoint that the last worker went on from."""
    gpu: str | None
    """What draws it, or drew it."""
    queue_position: int | None
    """Videos before it, while it is queued."""
    eta_seconds: int | None
    """Until it is there, as far as anybody knows. The `ETag` does not change with it."""
    timings: VideoTimings
    output: VideoOutput | None
    variants: list[VideoVariant]
    """Empty until it is completed."""
    quality: VideoQuality | None
    links: VideoLinks
    ignored_params: NotRequired[list[str]]
    """Fields that nobody knew, where `Prefer: handling=lenient` let them pass. Only in the answer to that request."""


@with_config(_DESCRIBED)
class VideoList(TypedDict):
    """A page; the next one is asked for with `after=<last_id>`."""

    object: Literal["list"]
    data: list[Video]
    """May be empty, and more behind it, where videos were passed over."""
    first_id: str | None
    last_id: str | None
    has_more: bool


@with_config(_DESCRIBED)
class VideoDeleted(TypedDict):
    id: str
    object: Literal["video.deleted"]
    deleted: Literal[True]


@with_config(_DESCRIBED)
class ProblemPart(TypedDict):
    pointer: str
    """The wrong field, as RFC 6901 writes it; empty: the whole."""
    detail: str


@with_config(_DESCRIBED)
class ProblemError(TypedDict):
    """What OpenAI's clients read."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str


@with_config(_DESCRIBED)
class ProblemDetails(TypedDict):
    """RFC 9457, with OpenAI's `error` inside."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemPart]
    """Everything that is wrong, not only the first."""
    error: ProblemError
    instance: str


SHAPES: Final[dict[str, Any]] = {
    "video": Video,
    "list": VideoList,
    "video.deleted": VideoDeleted,
    "model": Model,
    "queue": Queue,
    "queue.purge": QueuePurge,
}
"""By the word in `object`."""

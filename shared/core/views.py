"""What callers see of a job: OpenAI's Video object, our own fields beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from shared.core.catalog import Model
from shared.core.job import Job, JobState
from shared.core.output import Output
from shared.core.progress import Progress

STATUS: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: "queued",
    JobState.RUNNING: "in_progress",
    JobState.CANCELLING: "in_progress",
    JobState.COMPLETED: "completed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
    JobState.EXPIRED: "failed",
}
"""OpenAI's clients stop polling at anything but `queued` and `in_progress`; they know four words."""


def video(
    job: Job,
    *,
    base_url: str = "",
    expires_at: datetime | None = None,
    progress: Progress | None = None,
    percent: int = 0,
    position: int | None = None,
) -> dict[str, Any]:
    """The Video object of `job`; times in Unix seconds, lengths in pixels, frames and seconds.

    `percent` is the highest ever reported, so that progress never goes back; `expires_at` is when
    record and artifacts go; links are paths when `base_url` is empty.
    """
    self_url = f"{base_url}/v1/videos/{job.id}"
    return {
        **_openai(job, percent, expires_at),
        **_native(job),
        "phase": progress.phase.value if progress else None,
        "step": progress.step if progress else None,
        "queue_position": position,
        "output": _output(job.output, self_url) if job.output else None,
        "links": {"self": self_url, "content": f"{self_url}/content"},
    }


def tag(view: Mapping[str, Any]) -> str:
    """The same for the same view, another one for any other: for ETag."""
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()[:32]


def video_list(videos: list[dict[str, Any]], *, has_more: bool, last_id: str | None = None) -> dict[str, Any]:
    """A page of Videos, in OpenAI's cursor form: the next page is asked for with `after=<last_id>`.

    `last_id`, by default the last Video's, may be behind it, where videos were passed over.
    """
    return {
        "object": "list",
        "data": videos,
        "first_id": videos[0]["id"] if videos else None,
        "last_id": last_id or (videos[-1]["id"] if videos else None),
        "has_more": has_more,
    }


def video_deleted(job_id: str) -> dict[str, Any]:
    return {"id": job_id, "object": "video.deleted", "deleted": True}


def model(known: Model) -> dict[str, Any]:
    """OpenAI's Model object."""
    return {"id": known.id, "object": "model", "created": known.created, "owned_by": known.owned_by}


def model_list(known: Iterable[Model]) -> dict[str, Any]:
    """OpenAI's list of Models; it is never paged."""
    return {"object": "list", "data": [model(each) for each in known]}


def callback(*, event_id: str, event_type: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a callback: OpenAI's event, with Standard Webhooks' ISO `timestamp` beside it."""
    return {
        "id": event_id,
        "object": "event",
        "type": event_type,
        "created_at": _unix(at),
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "data": dict(data),
    }


def _openai(job: Job, percent: int, expires_at: datetime | None) -> dict[str, Any]:
    """The fields of OpenAI's Video, no more and no fewer."""
    request, completed = job.request, job.state is JobState.COMPLETED
    return {
        "id": job.id,
        "object": "video",
        "model": request.model,
        "status": STATUS[job.state],
        "progress": 100 if completed else percent,
        "prompt": request.prompt,
        "created_at": _unix(job.created_at),
        "completed_at": _unix(job.finished_at) if completed else None,
        "expires_at": _unix(expires_at),
        "seconds": f"{request.num_frames / request.fps:.2f}".rstrip("0").rstrip("."),
        "size": f"{request.width}x{request.height}",
        "remixed_from_video_id": job.remixed_from,
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
    }


def _native(job: Job) -> dict[str, Any]:
    """What OpenAI's Video has no field for."""
    request = job.request
    return {
        "state": job.state.value,
        "total_steps": request.num_inference_steps,
        "attempt": min(job.losses + 1, job.max_losses) if job.attempts else 0,
        "max_attempts": job.max_losses,
        "num_frames": request.num_frames,
        "fps": request.fps,
        "width": request.width,
        "height": request.height,
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "seconds_requested": job.terms.asked_seconds,
        "priority": job.terms.priority.value,
        "preview": job.terms.preview,
        "metadata": dict(job.metadata),
        "webhook": {"url": job.webhook.url, "events": list(job.webhook.events)} if job.webhook else None,
        "retried_from_video_id": job.retried_from,
        "started_at": _unix(job.started_at),
        "finished_at": _unix(job.finished_at),
    }


def _output(output: Output, self_url: str) -> dict[str, Any]:
    return {
        "url": f"{self_url}/content",
        "content_type": output.video.content_type,
        "bytes": output.video.bytes,
        "sha256": output.video.sha256,
        "codec": output.codec,
        "num_frames": output.num_frames,
        "duration_s": round(output.duration_s, 3),
    }


def _unix(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None

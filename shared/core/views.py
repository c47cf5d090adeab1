"""What callers see of a job: OpenAI's Video object, our own fields beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from shared.core import upload
from shared.core.forecast import Outlook
from shared.core.job import Job, JobState
from shared.core.output import Artifact, Output
from shared.core.progress import Phase
from shared.core.standing import Standing
from shared.core.timings import Timings

WAITING: Final = "waiting"
COLD_STARTING: Final = "cold_starting"
"""The phases of a job that no worker has: others are before it, or a worker was called for it and is not there yet."""

FORETOLD: Final = "eta_seconds"
"""The one field of a Video that changes with every second."""

_UNMEASURED: Final = Timings()
_TIMINGS: Final = tuple(each.name for each in fields(Timings))

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
    standing: Standing,
    *,
    base_url: str = "",
    expires_at: datetime | None = None,
    outlook: Outlook | None = None,
) -> dict[str, Any]:
    """The Video object of a job; times in Unix seconds, lengths in pixels, frames and seconds.

    `expires_at` is when record and artifacts go; `outlook` is what is foretold, if anything. Links
    are paths when `base_url` is empty.
    """
    job = standing.job
    self_url = f"{base_url}/v1/videos/{job.id}"
    return {
        **_openai(job, standing.percent, expires_at),
        **_native(job),
        **_doing(standing, outlook or Outlook()),
        "timings": _timings(standing),
        "output": _output(job.output, self_url, expires_at) if job.output else None,
        "variants": _variants(job.output, self_url) if job.output else [],
        "quality": {"checks": list(job.output.checks)} if job.output else None,
        "links": _links(self_url),
        FORETOLD: (outlook or Outlook()).eta_s,
    }


def video_deleted(job_id: str) -> dict[str, Any]:
    return {"id": job_id, "object": "video.deleted", "deleted": True}


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
        "seconds": request.seconds,
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
        "preset": request.preset,
        "seconds_requested": job.terms.asked_seconds,
        "deadline_at": _unix(job.deadline),
        "priority": job.terms.priority.value,
        "preview": job.terms.preview,
        "metadata": dict(job.metadata),
        "webhook": {"url": job.webhook.url, "events": list(job.webhook.events)} if job.webhook else None,
        "webhook_endpoint": job.webhook_endpoint,
        "upload_url": upload.told(job.upload_url) if job.upload_url else None,
        "retried_from_video_id": job.retried_from,
        "started_at": _unix(job.started_at),
        "finished_at": _unix(job.finished_at),
        "cancelled_at": _unix(job.finished_at) if job.state is JobState.CANCELLED else None,
    }


def _doing(standing: Standing, outlook: Outlook) -> dict[str, Any]:
    """What happens to the job now; what its last worker was, if it is over."""
    job, progress = standing.job, standing.progress
    resumed = progress.resumed_from if progress else job.output.resumed_from if job.output else 0
    return {
        "phase": _phase(standing, outlook),
        "step": progress.step if progress else None,
        "progress_detail": _detail(standing, outlook),
        "resumed_from_step": resumed or None,
        "gpu": progress.gpu if progress else job.output.gpu if job.output else None,
        "queue_position": standing.position,
    }


def _phase(standing: Standing, outlook: Outlook) -> str | None:
    if standing.progress:
        return standing.progress.phase.value
    if standing.position is None:
        return None
    return COLD_STARTING if outlook.waking else WAITING


def _detail(standing: Standing, outlook: Outlook) -> str | None:
    """The same as `phase`, for people."""
    progress, position = standing.progress, standing.position
    if progress and progress.phase is Phase.DENOISING:
        return f"denoising, step {progress.step} of {progress.total_steps}"
    if progress:
        return progress.phase.value.replace("_", " ")
    if position is None:
        return None
    return "a GPU is waking for it" if outlook.waking else f"{position} before it in the queue"


def _timings(standing: Standing) -> dict[str, float | None]:
    job, progress = standing.job, standing.progress
    measured = progress.timings if progress else job.output.timings if job.output else None
    # Not less than nothing, though the store's clock was set back meanwhile.
    waited = max(round((job.started_at - job.created_at).total_seconds(), 3), 0.0) if job.started_at else None
    found = measured or _UNMEASURED
    return {"queued_s": waited, **{name: getattr(found, name) for name in _TIMINGS}}


def _output(output: Output, self_url: str, expires_at: datetime | None) -> dict[str, Any]:
    return {
        **_file(output.video, f"{self_url}/content"),
        "expires_at": _unix(expires_at),
        "codec": output.codec,
        "width": output.width,
        "height": output.height,
        "num_frames": output.num_frames,
        "fps": output.fps,
        "duration_s": round(output.duration_s, 3),
    }


def _variants(output: Output, self_url: str) -> list[dict[str, Any]]:
    return [
        {
            "variant": name,
            **_file(artifact, f"{self_url}/content?variant={name}"),
            "grid": asdict(output.grid) if name == "spritesheet" and output.grid else None,
        }
        for name, artifact in output.variants.items()
    ]


def _file(artifact: Artifact, url: str) -> dict[str, Any]:
    return {
        "url": url,
        "content_type": artifact.content_type,
        "bytes": artifact.bytes,
        "sha256": artifact.sha256,
    }


def _links(self_url: str) -> dict[str, str]:
    content = f"{self_url}/content"
    return {
        "self": self_url,
        "content": content,
        "thumbnail": f"{content}?variant=thumbnail",
        "spritesheet": f"{content}?variant=spritesheet",
        "preview": f"{self_url}/preview",
        "events": f"{self_url}/events",
        "cancel": f"{self_url}/cancel",
        "retry": f"{self_url}/retry",
        "remix": f"{self_url}/remix",
    }


def _unix(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None

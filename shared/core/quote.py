"""What a caller is told before he asks for a video: whether he may, what it would be, how long it would take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.core.errors import Problem
from shared.core.forecast import Forecast
from shared.core.objects import ProblemPart
from shared.core.request import VideoRequest
from shared.core.work import Work, architecture

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class Normalized(TypedDict):
    """What would really be drawn, with nothing left open but the seed."""

    model: str
    size: str
    width: int
    height: int
    num_frames: int
    fps: int
    seconds: str
    num_inference_steps: int
    guidance_scale: float
    preset: str


@with_config(_DESCRIBED)
class GpuSeconds(TypedDict):
    p50: float
    """Half of all such videos take at most so long."""
    p90: float
    """9 of 10 take at most so long."""


@with_config(_DESCRIBED)
class Quote(TypedDict):
    """What would come of a body. Times in seconds; all but `errors` is null where it is not valid."""

    object: Literal["estimate"]
    valid: bool
    errors: list[ProblemPart]
    """What is wrong with the body; empty: nothing."""
    normalized: Normalized | None
    vram_gb: float | None
    """Memory that the GPU must have, by arithmetic."""
    gpu_seconds: GpuSeconds | None
    long: Literal["yes", "no"] | None
    """Whether it is expected to take more GPU time than LONG_SECONDS."""
    eta_seconds: int | None
    """Until the video would be there if it was asked for now; null while the queue is held."""
    queue_depth: int | None
    """Videos that wait now."""
    waking: bool | None
    """Whether a GPU must wake for it; null while the queue is held."""
    cold_start_seconds: float | None
    """How long a GPU usually takes to wake. It is part of `eta_seconds` if one must."""


def refused(problems: Sequence[Problem]) -> dict[str, Any]:
    """Of a body that would be refused."""
    unknown = dict.fromkeys(Quote.__annotations__)
    errors = [{"pointer": problem.pointer, "detail": problem.detail} for problem in problems]
    return unknown | {"object": "estimate", "valid": False, "errors": errors}


def of(request: VideoRequest, forecast: Forecast, *, at: datetime, long_s: float) -> dict[str, Any]:
    """Of a request that would be accepted, as things are `at`."""
    work = Work.of(request)
    own = forecast.estimate(work)
    return {
        "object": "estimate",
        "valid": True,
        "errors": [],
        "normalized": _normalized(request),
        "vram_gb": round(architecture(work.model).vram_gb(work), 1),
        "gpu_seconds": {"p50": round(own.p50_s, 2), "p90": round(own.p90_s, 2)},
        "long": "yes" if own.is_long(long_s) else "no",
        "eta_seconds": forecast.next_eta_s(own, at),
        "queue_depth": forecast.waiting,
        "waking": forecast.next_wakes(at),
        "cold_start_seconds": round(forecast.cold_start_s, 1),
    }


def _normalized(request: VideoRequest) -> dict[str, Any]:
    return {
        "model": request.model,
        "size": f"{request.width}x{request.height}",
        "width": request.width,
        "height": request.height,
        "num_frames": request.num_frames,
        "fps": request.fps,
        "seconds": request.seconds,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "preset": request.preset,
    }

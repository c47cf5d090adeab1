"""What the schema of a wish cannot say: the bounds of its model, and of its caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.core.catalog import CATALOG, FRAME_STRIDE, SIDE_MULTIPLE, Model
from shared.core.errors import Problem
from shared.core.priority import Priority
from shared.core.terms import Cache
from shared.core.wish import FEWEST_STEPS, CreateVideo

NEAREST: Final = "nearest"
WIDEST: Final = 4
"""The longer side of an `aspect_ratio` is at most so many times the shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a caller may ask for of the platform."""

    most_urgent: Priority = Priority.HIGH
    queue_ttl: timedelta = timedelta(days=1)
    timeout: timedelta = timedelta(days=7)
    result_ttl: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """What becomes of a size or a length that the model cannot draw, where its caller does not say."""

    size: str = "exact"
    seconds: str = "exact"


EXACT: Final = Policies()


def model_name(wish: CreateVideo, models: Sequence[str]) -> str:
    return models[0] if wish.model is None else wish.model


def size(wish: CreateVideo, model: Model, usual: Policies) -> tuple[int, int]:
    """Width and height that the wish comes to; not yet held against the model's bounds."""
    if wish.size is not None:
        width, height = (int(side) for side in wish.size.split("x"))
        return model.nearest_size(width, height) if (wish.size_policy or usual.size) == NEAREST else (width, height)
    if wish.aspect_ratio is not None:
        return model.shaped(*_ratio(wish.aspect_ratio))
    return model.width, model.height


def frames(wish: CreateVideo, model: Model) -> int:
    """The frames that the wish comes to; what is longer than the model's longest was refused, or is to be that."""
    if wish.num_frames is not None:
        return wish.num_frames
    return model.num_frames if wish.seconds is None else model.frames_for(min(wish.seconds, model.max_seconds))


def exceeded(
    wish: CreateVideo, models: Sequence[str], allowance: Allowance, *, presets: Sequence[str], usual: Policies = EXACT
) -> Iterator[Problem]:
    """Everything in the wish that is out of bounds."""
    if wish.num_frames is not None and wish.seconds is not None:
        yield Problem("/seconds", "cannot be given together with num_frames")
    if wish.size is not None and wish.aspect_ratio is not None:
        yield Problem("/aspect_ratio", "cannot be given together with size")
    if wish.webhook is not None and wish.cache == Cache.USE:
        yield Problem("/webhook", "cannot be given together with cache=use: a video that is there already calls nobody")
    if wish.output is not None and wish.output.upload_url is not None and wish.cache == Cache.USE:
        detail = "cannot be given together with cache=use: a video that is there already is sent nowhere"
        yield Problem("/output/upload_url", detail)
    if wish.preset is not None and wish.preset not in presets:
        # Another one in its place would draw something else than was asked for.
        yield Problem("/preset", f"must be {_listed(presets)}: no other preset is offered here")
    yield from _of_caller(wish, allowance)
    name = model_name(wish, models)
    if name not in models:
        yield Problem("/model", f"must be one of {', '.join(models)}")
        return
    model = CATALOG[name]
    yield from _of_size(wish, model, usual)
    yield from _of_length(wish, model, usual)
    yield from _of_drawing(wish, model)


def _of_caller(wish: CreateVideo, allowance: Allowance) -> Iterator[Problem]:
    if wish.priority is not None and wish.priority.level > allowance.most_urgent.level:
        detail = f"{wish.priority} needs an API key with the scope videos:priority; {allowance.most_urgent} does not"
        yield Problem("/priority", detail)
    for name, value, most in (
        ("queue_ttl_seconds", wish.queue_ttl_seconds, allowance.queue_ttl),
        ("timeout_seconds", wish.timeout_seconds, allowance.timeout),
        ("result_ttl_seconds", wish.result_ttl_seconds, allowance.result_ttl),
    ):
        if value is not None and value > (seconds := int(most.total_seconds())):
            yield Problem(f"/{name}", f"must be at most {seconds}")


def _of_size(wish: CreateVideo, model: Model, usual: Policies) -> Iterator[Problem]:
    if wish.size is None and wish.aspect_ratio is not None:
        width, height = _ratio(wish.aspect_ratio)
        if max(width, height) > WIDEST * min(width, height):
            yield Problem("/aspect_ratio", f"must be from 1:{WIDEST} to {WIDEST}:1")
        return
    width, height = size(wish, model, usual)
    for side, value, most in (("width", width, model.max_width), ("height", height, model.max_height)):
        if value % SIDE_MULTIPLE or not model.min_side <= value <= most:
            allowed = f"a multiple of {SIDE_MULTIPLE} from {model.min_side} to {most}"
            yield Problem("/size", f"{side} must be {allowed} for {model.id}, not {value}")


def _of_length(wish: CreateVideo, model: Model, usual: Policies) -> Iterator[Problem]:
    count, seconds = wish.num_frames, wish.seconds
    if wish.fps not in (None, model.fps):
        yield Problem("/fps", f"must be {model.fps} for {model.id}, or absent")
    if count is not None:
        if count % FRAME_STRIDE != 1 or not FRAME_STRIDE < count <= model.max_frames:
            allowed = f"{FRAME_STRIDE}k+1 from {FRAME_STRIDE + 1} to {model.max_frames}"
            yield Problem("/num_frames", f"must be {allowed} for {model.id}, not {count}")
    elif seconds is not None and seconds > model.max_seconds and (wish.seconds_policy or usual.seconds) != NEAREST:
        yield Problem("/seconds", f"must be at most {model.max_seconds:.2f} for {model.id}")


def _of_drawing(wish: CreateVideo, model: Model) -> Iterator[Problem]:
    steps, guidance = wish.num_inference_steps, wish.guidance_scale
    if steps is not None and not FEWEST_STEPS <= steps <= model.max_inference_steps:
        yield Problem(
            "/num_inference_steps", f"must be from {FEWEST_STEPS} to {model.max_inference_steps} for {model.id}"
        )
    if guidance is not None and not 0 <= guidance <= model.max_guidance_scale:
        yield Problem("/guidance_scale", f"must be from 0 to {model.max_guidance_scale:g} for {model.id}")


def _listed(presets: Sequence[str]) -> str:
    return presets[0] if len(presets) == 1 else f"one of {', '.join(presets)}"


def _ratio(text: str) -> tuple[int, int]:
    width, height = text.split(":")
    return int(width), int(height)

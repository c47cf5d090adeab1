"""What a caller asks for: the words as they come (CreateVideo), and what they mean (VideoRequest)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StrictStr,
    ValidationError,
)

from shared.core.catalog import CATALOG, FRAME_STRIDE, SIDE_MULTIPLE, Model
from shared.core.errors import InvalidRequest, Problem

MAX_PROMPT: Final = 2000
"""Characters of a text, counted in NFC."""
_LONGEST_DECOMPOSITION: Final = 4
"""NFC makes one character of at most so many."""
MAX_PROBLEMS: Final = 32
"""Wrong fields that are named at most: an answer must not outgrow its question."""
MAX_SEED: Final = 2**32 - 1
_SIZE: Final = re.compile("[0-9]{1,5}x[0-9]{1,5}")
WEBHOOK_EVENTS: Final = ("video.completed", "video.failed", "video.cancelled", "video.expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """A request with nothing left open: the same one draws the same video again."""

    model: str
    prompt: str
    negative_prompt: str
    width: int
    height: int
    num_frames: int
    fps: int
    seed: int
    num_inference_steps: int
    guidance_scale: float


def _clean(value: Any) -> Any:
    """Normalise a text to NFC; refuse what could hide words from a reader of the text."""
    if not isinstance(value, str):
        return value
    if len(value) > MAX_PROMPT * _LONGEST_DECOMPOSITION:
        # Before anything is done with it: normalising a long run of combining marks takes quadratic time.
        raise ValueError(f"must be at most {MAX_PROMPT} characters, not {len(value)}")
    value = value.replace("\r\n", "\n")
    for char in value:
        # Cc controls, Cs lone surrogates; line breaks are text.
        if unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t":
            raise ValueError(f"contains the character U+{ord(char):04X}; controls and lone surrogates are not allowed")
        if 0xE0000 <= ord(char) <= 0xE007F:
            raise ValueError(f"contains the character U+{ord(char):04X}; invisible tag characters are not allowed")
        if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"):
            raise ValueError(f"contains the character U+{ord(char):04X}; bidirectional controls are not allowed")
    return unicodedata.normalize("NFC", value)


def _said(value: str) -> str:
    if not any(char.isprintable() and not char.isspace() for char in value):
        raise ValueError("must say what to draw; it is blank")
    return value


def _number(value: Any) -> Any:
    """`seconds` is a string in OpenAI's API ("4"); a number says the same."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a number of seconds, or that number as a string")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError("must be a number of seconds, or that number as a string") from None
    if not math.isfinite(number) or number <= 0:
        raise ValueError("must be a positive number of seconds")
    return number


def _size_form(value: str) -> str:
    if _SIZE.fullmatch(value) is None:
        raise ValueError('must be "WIDTHxHEIGHT" in pixels, for example "848x480"')
    return value


def _event(value: str) -> str:
    if value not in WEBHOOK_EVENTS:
        raise ValueError(f"must be one of {', '.join(WEBHOOK_EVENTS)}")
    return value


def _webhook(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


Text = Annotated[StrictStr, Field(max_length=MAX_PROMPT), BeforeValidator(_clean)]


class WebhookWish(BaseModel):
    """Where to send the signed callback, and on which events (absent: every final one)."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[StrictStr, Field(min_length=1, max_length=2048)]
    events: Annotated[list[Annotated[StrictStr, AfterValidator(_event)]], Field(max_length=len(WEBHOOK_EVENTS))] = []


class CreateVideo(BaseModel):
    """The body of `POST /v1/videos`. Native fields stand beside OpenAI's; absent ones take the model's defaults."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[Text, AfterValidator(_said)]
    model: StrictStr | None = None
    seconds: Annotated[float, BeforeValidator(_number)] | None = None
    size: Annotated[StrictStr, AfterValidator(_size_form)] | None = None
    num_frames: StrictInt | None = None
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_SEED)] | None = None
    negative_prompt: Text = ""
    num_inference_steps: StrictInt | None = None
    guidance_scale: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None
    webhook: Annotated[WebhookWish, BeforeValidator(_webhook)] | None = None
    metadata: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=64)], Annotated[StrictStr, Field(max_length=512)]],
        Field(max_length=16),
    ] = {}


def parse(body: object, *, models: Sequence[str]) -> CreateVideo:
    """Read a decoded JSON body.

    Raises:
        InvalidRequest: With one Problem for each wrong field, those of the model's bounds included.
    """
    if not isinstance(body, dict):
        raise InvalidRequest(Problem("", "must be a JSON object"))
    known = {name: body[name] for name in CreateVideo.model_fields if name in body}
    problems = [_unknown([name], CreateVideo) for name in body if name not in known]
    try:
        wish = CreateVideo.model_validate(known)
    except ValidationError as error:
        problems += _problems(error)
        wish = _without(known, {e["loc"][0] for e in error.errors()})
    problems += _bounds(wish, models)
    if problems:
        raise InvalidRequest(*problems[:MAX_PROBLEMS])
    return wish


def resolve(wish: CreateVideo, *, models: Sequence[str], seed: int) -> VideoRequest:
    """Fill in what a parsed wish leaves open; `seed` is used when it names none."""
    model = CATALOG[_model_name(wish, models)]
    width, height = _size(wish, model)
    return VideoRequest(
        model=model.id,
        prompt=wish.prompt,
        negative_prompt=wish.negative_prompt,
        width=width,
        height=height,
        num_frames=_frames(wish, model),
        fps=model.fps,
        seed=seed if wish.seed is None else wish.seed,
        num_inference_steps=wish.num_inference_steps or model.num_inference_steps,
        guidance_scale=model.guidance_scale if wish.guidance_scale is None else wish.guidance_scale,
    )


def _problems(error: ValidationError) -> list[Problem]:
    found = []
    for e in error.errors(include_url=False, include_input=False, include_context=False):
        detail = e["msg"].removeprefix("Value error, ")
        if e["type"] == "extra_forbidden":
            found.append(_unknown(e["loc"], WebhookWish))
            continue
        if e["type"] == "model_type":
            detail = "must be a URL, or a JSON object with url and events"
        elif e["type"] == "string_unicode":
            detail = "contains a lone surrogate, which is not text"
        found.append(Problem(_pointer(e["loc"]), detail))
    return found


def _unknown(path: Sequence[str | int], model: type[BaseModel]) -> Problem:
    return Problem(_pointer(path), f"is not a field here; the fields are {', '.join(model.model_fields)}")


def _without(fields: Mapping[str, Any], wrong: Collection[str | int]) -> CreateVideo:
    """The wish less its wrong fields, so that the rest can be held against the model's bounds too."""
    return CreateVideo.model_validate({"prompt": "-"} | {k: v for k, v in fields.items() if k not in wrong})


def _pointer(path: Sequence[str | int]) -> str:
    """RFC 6901: `~` and `/` in a name are escaped. A name of the caller's is told in part if it is long."""
    if path[:1] == ("metadata",) and len(path) == 3:
        path = path[:2]  # pydantic's mark for a wrong key
    names = (str(part)[:64].encode(errors="replace").decode() for part in path)
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _model_name(wish: CreateVideo, models: Sequence[str]) -> str:
    return models[0] if wish.model is None else wish.model


def _size(wish: CreateVideo, model: Model) -> tuple[int, int]:
    if wish.size is None:
        return model.width, model.height
    width, height = wish.size.split("x")
    return int(width), int(height)


def _frames(wish: CreateVideo, model: Model) -> int:
    if wish.num_frames is not None:
        return wish.num_frames
    return model.num_frames if wish.seconds is None else model.frames_for(wish.seconds)


def _bounds(wish: CreateVideo, models: Sequence[str]) -> Iterator[Problem]:
    """What the schema cannot say: the bounds of the model that was asked for."""
    if wish.num_frames is not None and wish.seconds is not None:
        yield Problem("/seconds", "cannot be given together with num_frames")
    name = _model_name(wish, models)
    if name not in models:
        yield Problem("/model", f"must be one of {', '.join(models)}")
        return
    model = CATALOG[name]
    yield from _size_bounds(wish, model)
    yield from _length_bounds(wish, model)
    steps = wish.num_inference_steps
    if steps is not None and not 2 <= steps <= model.max_inference_steps:
        yield Problem("/num_inference_steps", f"must be from 2 to {model.max_inference_steps} for {name}")
    guidance = wish.guidance_scale
    if guidance is not None and not 0 <= guidance <= model.max_guidance_scale:
        yield Problem("/guidance_scale", f"must be from 0 to {model.max_guidance_scale:g} for {name}")


def _size_bounds(wish: CreateVideo, model: Model) -> Iterator[Problem]:
    width, height = _size(wish, model)
    for side, value, most in (("width", width, model.max_width), ("height", height, model.max_height)):
        if value % SIDE_MULTIPLE or not model.min_side <= value <= most:
            allowed = f"a multiple of {SIDE_MULTIPLE} from {model.min_side} to {most}"
            yield Problem("/size", f"{side} must be {allowed} for {model.id}, not {value}")


def _length_bounds(wish: CreateVideo, model: Model) -> Iterator[Problem]:
    frames, seconds = wish.num_frames, wish.seconds
    if frames is not None:
        if frames % FRAME_STRIDE != 1 or not FRAME_STRIDE < frames <= model.max_frames:
            allowed = f"{FRAME_STRIDE}k+1 from {FRAME_STRIDE + 1} to {model.max_frames}"
            yield Problem("/num_frames", f"must be {allowed} for {model.id}, not {frames}")
    elif seconds is not None and seconds > model.max_seconds:
        yield Problem("/seconds", f"must be at most {model.max_seconds:.2f} for {model.id}")

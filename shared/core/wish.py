"""What a caller asks for, in the words as they come: the body of `POST /v1/videos`.

The docstrings of the fields are their descriptions in the API's schema.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from shared.core.addresses import MAX_URL
from shared.core.catalog import CATALOG, FRAME_STRIDE
from shared.core.confidence import MOST_HEADERS, NAME, VALUE, is_theirs
from shared.core.endpoint import EVENT_TYPES
from shared.core.preset import PRESETS
from shared.core.priority import Priority, named
from shared.core.signing import SECRET, secret_key
from shared.core.terms import Cache
from shared.core.text import Text, said
from shared.core.whole import WHOLE

FEWEST_STEPS: Final = 2
MAX_SEED: Final = 2**32 - 1
WEBHOOK_EVENTS: Final = EVENT_TYPES
POLICIES: Final = ("exact", "nearest")
CACHES: Final = tuple(Cache)
SIZE: Final = re.compile("[0-9]{1,5}x[0-9]{1,5}")
NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
RATIO: Final = re.compile("[1-9][0-9]{0,2}:[1-9][0-9]{0,2}")
SHARPEST_CRF: Final = 12
COARSEST_CRF: Final = 40
USUAL_PREVIEW_S: Final = 5
RAREST_PREVIEW_S: Final = 600


def _number(value: Any) -> Any:
    """`seconds` is a string in OpenAI's API ("4"); a number says the same."""
    sentence = "must be a number of seconds, or that number as a string"
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(sentence)
    if isinstance(value, str) and NUMBER.fullmatch(value) is None:
        raise ValueError(sentence)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(sentence) from None
    if not math.isfinite(number) or number <= 0:
        raise ValueError("must be a positive number of seconds")
    return number


def _form(pattern: re.Pattern[str], sentence: str) -> AfterValidator:
    def check(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


def _one_of(words: tuple[str, ...], say: Callable[[tuple[str, ...]], str]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be {say(words)}")
        return value

    return AfterValidator(check)


def _webhook(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _schema(**words: Any) -> Any:
    """What a validator checks, in words of JSON Schema too."""
    return Field(json_schema_extra=words)


_Size = Annotated[
    StrictStr,
    _form(SIZE, 'must be "WIDTHxHEIGHT" in pixels, for example "848x480"'),
    _schema(pattern=f"^{SIZE.pattern}$", format="video-size"),
]
_Ratio = Annotated[
    StrictStr,
    _form(RATIO, 'must be "WIDTH:HEIGHT", for example "16:9"'),
    _schema(pattern=f"^{RATIO.pattern}$", format="aspect-ratio"),
]
_Event = Annotated[
    StrictStr, _one_of(WEBHOOK_EVENTS, lambda words: f"one of {', '.join(words)}"), _schema(enum=list(WEBHOOK_EVENTS))
]
_Policy = Annotated[StrictStr, _one_of(POLICIES, " or ".join), _schema(enum=list(POLICIES))]
_Format = Annotated[StrictStr, _one_of(("mp4",), " or ".join), _schema(const="mp4")]
_Cache = Annotated[StrictStr, _one_of(CACHES, " or ".join), _schema(enum=list(CACHES))]
_Positive = Annotated[float, Field(gt=0)]
_Digits = Annotated[str, Field(pattern=f"^{NUMBER.pattern}$")]
_Length = Annotated[float, BeforeValidator(_number, json_schema_input_type=_Positive | _Digits)]
_Urgency = Annotated[Priority, BeforeValidator(named, json_schema_input_type=Literal["low", "normal", "high", 0, 1, 2])]
_Url = Annotated[StrictStr, Field(min_length=1, max_length=MAX_URL), _schema(format="uri")]
_EndpointId = Annotated[StrictStr, Field(min_length=1, max_length=64)]
_Preset = Annotated[StrictStr, _schema(format="preset", enum=list(PRESETS))]
_Word = Annotated[str, Field(min_length=1, max_length=64)]
_Label = Annotated[StrictStr, Field(max_length=512)]
_Model = Annotated[StrictStr, _schema(format="model")]
# The widest bounds of all models: bounds.py holds a wish against those of its own.
_LONGEST = max(model.max_frames for model in CATALOG.values())
_Frames = Annotated[StrictInt, WHOLE, _schema(enum=list(range(FRAME_STRIDE + 1, _LONGEST + 1, FRAME_STRIDE)))]
_Fps = Annotated[StrictInt, WHOLE, _schema(enum=sorted({model.fps for model in CATALOG.values()}))]
_Steps = Annotated[
    StrictInt,
    WHOLE,
    _schema(minimum=FEWEST_STEPS, maximum=max(model.max_inference_steps for model in CATALOG.values())),
]
_Guidance = Annotated[
    float,
    Field(strict=True, allow_inf_nan=False),
    _schema(minimum=0, maximum=max(model.max_guidance_scale for model in CATALOG.values())),
]
_Seconds = Annotated[StrictInt, Field(ge=1), WHOLE]


def _header(name: str) -> str:
    if NAME.fullmatch(name) is None:
        raise ValueError("must be a header's name: up to 64 of A-Z a-z 0-9 - _")
    if not is_theirs(name):
        raise ValueError("is a header that frames or signs the callback itself; choose another")
    return name


def _once(headers: dict[str, str]) -> dict[str, str]:
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("must name each header once: capitals make no difference")
    return headers


def _secret(value: str) -> str:
    secret_key(value)
    return value


_Secret = Annotated[StrictStr, AfterValidator(_secret), _schema(pattern=f"^{SECRET.pattern}$", format="webhook-secret")]
_HeaderName = Annotated[str, AfterValidator(_header), _schema(pattern=f"^{NAME.pattern}$")]
_HeaderValue = Annotated[
    StrictStr,
    _form(VALUE, "must be 1 to 1,024 visible ASCII characters, with spaces only between them"),
    _schema(pattern=f"^{VALUE.pattern}$"),
]


_Headers = Annotated[
    dict[_HeaderName, _HeaderValue],
    Field(max_length=MOST_HEADERS),
    AfterValidator(_once),
    _schema(additionalProperties=False),
]


class WebhookWish(BaseModel):
    """Where to send the signed callback, and on which events."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    url: _Url
    """A public https URL."""
    events: Annotated[list[_Event], Field(max_length=len(WEBHOOK_EVENTS))] = []
    """Empty: every end. `video.started` and `video.progress` (at most one in 10 s) are told once, and only if named."""
    secret: _Secret | None = None
    """Signs in place of the platform's: `whsec_` and the base64 of 24 to 64 random bytes. Kept sealed, never told."""
    headers: _Headers = {}
    """Sent along with each callback, such as `Authorization`. Kept sealed, never told."""


_Webhook = Annotated[WebhookWish, BeforeValidator(_webhook, json_schema_input_type=WebhookWish | _Url)]


class PreviewWish(BaseModel):
    """How often a small picture is wanted."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    every: Annotated[StrictInt, Field(ge=1, le=RAREST_PREVIEW_S), WHOLE] = USUAL_PREVIEW_S
    """Seconds from one to the next; the first comes with the first step."""


def _preview(value: Any) -> Any:
    if isinstance(value, bool):
        return {} if value else None
    return value


_Preview = Annotated[
    PreviewWish | None, BeforeValidator(_preview, json_schema_input_type=StrictBool | PreviewWish | None)
]


class OutputWish(BaseModel):
    """What the file shall be."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    format: _Format = "mp4"
    """MP4 with H.264, which every browser plays."""
    crf: Annotated[StrictInt, Field(ge=SHARPEST_CRF, le=COARSEST_CRF), WHOLE] | None = None
    """H.264's constant rate factor: less is sharper and larger. Absent: 18."""
    upload_url: _Url | None = None
    """Where the video is PUT when it is there, as `video/mp4`: a public https URL that takes it without another header,
    such as a presigned one, on a host that the platform's owner allowed."""


class CreateVideo(BaseModel):
    """The body of `POST /v1/videos`. Native fields stand beside OpenAI's; absent ones take the model's defaults."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    prompt: Annotated[Text, AfterValidator(said)]
    """What to draw: up to 2,000 characters, kept in Unicode's form NFC."""
    model: _Model | None = None
    """One of `GET /v1/models`, or another name that the operator gave one of them. Absent: the first of them."""
    seconds: _Length | None = None
    """Length, as a number or as text. Drawn is the nearest count of 6k+1 frames; the answer says both."""
    size: _Size | None = None
    """`WIDTHxHEIGHT` in pixels, multiples of 16."""
    size_policy: _Policy | None = None
    """What becomes of a size that the model cannot draw: refused (exact), or the nearest that it can. Absent: as the
    platform's owner set it, by default exact."""
    seconds_policy: _Policy | None = None
    """The same of a length beyond the model's longest. The answer says what was asked for and what is drawn."""
    aspect_ratio: _Ratio | None = None
    """`WIDTH:HEIGHT` in place of a size: about as many pixels as the model's own size, in the nearest such shape."""
    num_frames: _Frames | None = None
    """Length in place of `seconds`: 6k+1 frames."""
    fps: _Fps | None = None
    """Frames a second. Mochi-1 knows 30 only."""
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_SEED), WHOLE] | None = None
    """The same request with the same seed draws the same video. Absent: one is chosen, and the answer says which."""
    negative_prompt: Text = ""
    """What not to draw."""
    num_inference_steps: _Steps | None = None
    """Denoising steps: more take longer and may look better."""
    guidance_scale: _Guidance | None = None
    """How closely the prompt is followed."""
    preset: _Preset | None = None
    """`exact`, `fast` or `turbo`: how much of the picture's truth is given for speed. `GET /v1/models` tells which are
    offered; absent: the first of them. One that is not offered is refused, never replaced."""
    priority: _Urgency | None = None
    """`low`, `normal` (the default) or `high`, or 0, 1, 2. `high` needs a key with the scope `videos:priority`."""
    queue_ttl_seconds: _Seconds | None = None
    """The job expires when nobody has begun to draw it after so long."""
    timeout_seconds: _Seconds | None = None
    """The job fails with the code `timeout` when it is not done so long after it was asked for."""
    result_ttl_seconds: _Seconds | None = None
    """The video and its record go so long after the job's end."""
    webhook: _Webhook | None = None
    """Where the end of the job is told, signed: a URL, or an object with it."""
    webhook_endpoint: _EndpointId | None = None
    """The id of a registered webhook endpoint that hears of the end, whatever else it hears of."""
    preview: _Preview = None
    """Whether small pictures are wanted while the video is being drawn: `true`, or an object that says how often."""
    output: OutputWish | None = None
    """What the file shall be."""
    metadata: Annotated[dict[_Word, _Label], Field(max_length=16)] = {}
    """The caller's own labels: 16 at most. Lists can be filtered by them. `user` names whom of yours it is for: your
    users have equal parts of your share of the queue."""
    cache: _Cache | None = None
    """`use`: a finished video of yours of the same inputs and seed, asked for with `use` or `refresh`, if there is one.

    It needs a seed and takes no webhook: a video that is there already calls nobody. `refresh` draws it anew, so that
    later requests find it; `off`, the default, takes no part in this."""

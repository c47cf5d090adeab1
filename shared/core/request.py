"""What a caller's wish comes to: read, held against all bounds (parse), with nothing left open (resolve)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from shared.core import aliases, bounds
from shared.core.aliases import Aside
from shared.core.bounds import EXACT, Allowance, Policies
from shared.core.catalog import CATALOG
from shared.core.errors import InvalidRequest, Problem, pointer, told
from shared.core.preset import PRESETS, Preset
from shared.core.wish import CreateVideo, OutputWish, PreviewWish, WebhookWish

MAX_PROBLEMS: Final = 32
"""Wrong fields that are named at most: an answer must not outgrow its question."""


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
    preset: str = Preset.EXACT.value
    """How it is drawn (preset.py). Requests that were stored before there were any are exact."""

    @property
    def seconds(self) -> str:
        """The length that is drawn, as a string without needless zeros, like OpenAI's."""
        return f"{self.num_frames / self.fps:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Reading:
    """A wish, and the names of its fields that nobody here knows."""

    wish: CreateVideo
    ignored: Sequence[str] = ()


def parse(
    body: object,
    *,
    models: Sequence[str],
    presets: Sequence[str] = PRESETS,
    model_aliases: Mapping[str, str] = MappingProxyType({}),
    asides: Sequence[Aside] = (),
    allowance: Allowance = Allowance(),  # noqa: B008 - frozen
    usual: Policies = EXACT,
    lenient: bool = False,
) -> Reading:
    """Read a decoded JSON body, in our words or other clients' (aliases.py); `asides` are said beside it.

    `usual` is what becomes of sizes and lengths that cannot be drawn, unless the body says it.

    Raises:
        InvalidRequest: With one Problem for each wrong field, those of the bounds included. An
            unknown field is wrong too, unless the reader is `lenient`.
    """
    if not isinstance(body, dict):
        raise InvalidRequest(Problem("", "must be a JSON object"))
    said = aliases.read(body, models=model_aliases, asides=asides)
    known = {name: said.fields[name] for name in CreateVideo.model_fields if name in said.fields}
    unknown = [name for name in said.fields if name not in known]
    problems = [] if lenient else [_unknown([name], CreateVideo) for name in unknown]
    try:
        wish = CreateVideo.model_validate(known)
    except ValidationError as error:
        problems += _problems(error)
        wish = _without(known, {e["loc"][0] for e in error.errors()})
    problems += bounds.exceeded(wish, models, allowance, presets=presets, usual=usual)
    found = [*said.unsupported, *said.problems, *(replace(p, pointer=said.pointer(p.pointer)) for p in problems)]
    if found:
        code = "unsupported_feature" if said.unsupported else "invalid_parameter"
        raise InvalidRequest(*found[:MAX_PROBLEMS], code=code)
    return Reading(wish, [told(name) for name in unknown[:MAX_PROBLEMS]])


def resolve(
    wish: CreateVideo,
    *,
    models: Sequence[str],
    seed: int,
    presets: Sequence[str] = PRESETS,
    usual: Policies = EXACT,
) -> VideoRequest:
    """Fill in what a parsed wish leaves open; `seed` is used when it names none."""
    model = CATALOG[bounds.model_name(wish, models)]
    width, height = bounds.size(wish, model, usual)
    return VideoRequest(
        model=model.id,
        prompt=wish.prompt,
        negative_prompt=wish.negative_prompt,
        width=width,
        height=height,
        num_frames=bounds.frames(wish, model),
        fps=model.fps,
        seed=seed if wish.seed is None else wish.seed,
        num_inference_steps=wish.num_inference_steps or model.num_inference_steps,
        guidance_scale=model.guidance_scale if wish.guidance_scale is None else wish.guidance_scale,
        preset=presets[0] if wish.preset is None else wish.preset,
    )


def _problems(error: ValidationError) -> list[Problem]:
    found = []
    for e in error.errors(include_url=False, include_input=False, include_context=False):
        detail = e["msg"].removeprefix("Value error, ")
        if e["type"] == "extra_forbidden":
            found.append(_unknown(e["loc"], _NESTED[str(e["loc"][0])]))
            continue
        if e["type"] == "model_type":
            detail = _NO_OBJECT[str(e["loc"][0])]
        elif e["type"] == "string_unicode":
            detail = "contains a lone surrogate, which is not text"
        found.append(Problem(_pointer(e["loc"]), detail))
    return found


_NESTED: Final[Mapping[str, type[BaseModel]]] = {
    "webhook": WebhookWish,
    "output": OutputWish,
    "preview": PreviewWish,
}
_NO_OBJECT: Final[Mapping[str, str]] = {
    "webhook": "must be a URL, or a JSON object with url, events, secret and headers",
    "preview": "must be true or false, or a JSON object with every",
    "output": "must be a JSON object with format, crf and upload_url",
}


def _unknown(path: Sequence[str | int], model: type[BaseModel]) -> Problem:
    return Problem(_pointer(path), f"is not a field here; the fields are {', '.join(model.model_fields)}")


def _without(fields: Mapping[str, Any], wrong: Collection[str | int]) -> CreateVideo:
    """The wish less its wrong fields, so that the rest can be held against the bounds too."""
    return CreateVideo.model_validate({"prompt": "-"} | {k: v for k, v in fields.items() if k not in wrong})


def _pointer(path: Sequence[str | int]) -> str:
    return pointer(path[:-1] if path[-1:] == ("[key]",) else path)  # pydantic's mark for a name that is wrong

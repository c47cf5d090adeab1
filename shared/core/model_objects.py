"""What is told of the models, field by field; views.py makes it, the OpenAPI document shows it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class ModelDefaults(TypedDict):
    """What is drawn where a request says nothing."""

    width: int
    height: int
    num_frames: int
    num_inference_steps: int
    guidance_scale: float


@with_config(_DESCRIBED)
class ModelLimits(TypedDict):
    """What can be asked for. A request beyond it is refused."""

    prompt_characters: int
    prompt_tokens: int
    """What comes behind is not read; it is no error."""
    side_multiple: int
    """Width and height are multiples of it, in pixels."""
    min_side: int
    max_width: int
    max_height: int
    frame_stride: int
    """Lengths are one frame more than a multiple of it."""
    max_frames: int
    fps: int
    min_inference_steps: int
    max_inference_steps: int
    max_guidance_scale: float


@with_config(_DESCRIBED)
class ModelPreset(TypedDict):
    id: Literal["exact", "fast", "turbo"]
    picture: str
    """What it does to the picture, for people."""


@with_config(_DESCRIBED)
class Model(TypedDict):
    """OpenAI's Model, with our own fields beside it."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    defaults: ModelDefaults
    limits: ModelLimits
    presets: list[ModelPreset]
    """How it can be asked to draw here, the default way first."""


@with_config(_DESCRIBED)
class ModelList(TypedDict):
    object: Literal["list"]
    data: list[Model]

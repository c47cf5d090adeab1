"""What callers see of a model: OpenAI's Model object, our own fields beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.core.catalog import FRAME_STRIDE, PROMPT_TOKENS, SIDE_MULTIPLE, Model
from shared.core.model_objects import ModelDefaults
from shared.core.preset import PRICE
from shared.core.text import MAX_PROMPT
from shared.core.wish import FEWEST_STEPS


def model(known: Model, presets: Sequence[str]) -> dict[str, Any]:
    """With what is drawn by default and what can be asked for; sides in pixels, lengths in frames.

    `presets` are those that are offered here.
    """
    return {
        "id": known.id,
        "object": "model",
        "created": known.created,
        "owned_by": known.owned_by,
        "defaults": {name: getattr(known, name) for name in ModelDefaults.__annotations__},
        "limits": _limits(known),
        "presets": [{"id": preset, "picture": PRICE[preset]} for preset in presets],
    }


def model_list(known: Iterable[Model], presets: Sequence[str]) -> dict[str, Any]:
    """OpenAI's list of Models; it is never paged."""
    return {"object": "list", "data": [model(each, presets) for each in known]}


def _limits(known: Model) -> dict[str, Any]:
    return {
        "prompt_characters": MAX_PROMPT,
        "prompt_tokens": PROMPT_TOKENS,
        "side_multiple": SIDE_MULTIPLE,
        "min_side": known.min_side,
        "max_width": known.max_width,
        "max_height": known.max_height,
        "frame_stride": FRAME_STRIDE,
        "max_frames": known.max_frames,
        "fps": known.fps,
        "min_inference_steps": FEWEST_STEPS,
        "max_inference_steps": known.max_inference_steps,
        "max_guidance_scale": known.max_guidance_scale,
    }

"""What OpenAI's clients may call and Mochi-1 cannot do: an honest no, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response

from shared.core.errors import InvalidRequest, Problem
from shared.core.operation import Operation

_ANSWERS: Final = {
    ("POST", "/extensions"): "Mochi-1 cannot extend a video: ask for the whole length at once, with seconds",
    ("POST", "/characters"): "Mochi-1 draws from text only; it knows no characters",
    ("GET", "/characters/<character_id>"): "Mochi-1 draws from text only; it knows no characters",
}


def unsupported_routes() -> Blueprint:
    routes = Blueprint("unsupported", __name__, url_prefix="/v1/videos")
    for (method, path), sentence in _ANSWERS.items():
        described = Operation(
            id=f"unsupported{path.split('/')[1].title()}",
            summary="What this model cannot do",
            about=f"{sentence}.",
            errors=("unsupported_feature",),
        )
        routes.add_url_rule(path, f"{method} {path}", described(_refusal(sentence)), methods=[method])
    return routes


def _refusal(sentence: str) -> Callable[..., Response]:
    def refuse(**_: str) -> Response:
        raise InvalidRequest(Problem("", sentence), code="unsupported_feature")

    return refuse

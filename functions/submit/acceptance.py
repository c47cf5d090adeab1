"""The answer to who asked for a video: taken now, or taken before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, jsonify


@dataclass(frozen=True, slots=True)
class Accepted:
    """A video that was asked for, as it stands now; `replayed`: an earlier request made it."""

    video: dict[str, Any]
    replayed: bool


def answer(accepted: Accepted) -> Response:
    response = jsonify(accepted.video)
    response.status_code = 200 if accepted.replayed else 202
    if accepted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = f"/v1/videos/{accepted.video['id']}"
    # OpenAI's clients read the pace of their polling from here.
    response.headers["openai-poll-after-ms"] = "1000"
    return response

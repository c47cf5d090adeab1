"""Videos to callers who come back: whether they have it already, when to ask again, how long to hold them."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Response, jsonify, request

from functions.submit.following import LONGEST_S
from functions.submit.video_text import MEDIA, VideoText
from shared.core import pace
from shared.core.errors import InvalidRequest, Problem
from shared.core.job import JobState
from shared.core.operation import Argument

HEADERS: Final = ("Location", "openai-poll-after-ms")
"""Of a new Video."""
REPLAYED: Final = "Idempotency-Replayed"
WAIT: Final = Argument(
    "wait",
    "Answer when the state changes, at the latest after so many seconds.",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_S},
)
PREFER: Final = Argument(
    "Prefer",
    "`wait=30`: answer when the video is over, at the latest then. `handling=lenient`: pass over unknown fields.",
    place="header",
)
_PREFERRED: Final = re.compile(r'(?:^|,)\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=[,;]|$)', re.IGNORECASE)


def wait_argument() -> int:
    """Seconds that `?wait=` asks for; 0: none. Raises: InvalidRequest."""
    if not request.query_string or "wait" not in request.args:  # most have none, and parsing nothing takes its time
        return 0
    text = request.args["wait"]
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LONGEST_S:
        raise InvalidRequest(Problem("/wait", f"must be a whole number of seconds from 1 to {LONGEST_S}"))
    return int(text)


def preferred_wait() -> int:
    """Seconds of `Prefer: wait=` (RFC 7240), as many of them as are granted. What cannot be read is no preference."""
    match = _PREFERRED.search(request.headers.get("Prefer", ""))
    return min(int(match[1]), LONGEST_S) if match else 0


def has_another(video: dict[str, Any]) -> bool:
    """Whether the caller names a version, and it is not this one."""
    return bool(request.if_none_match) and not _has(VideoText.of(video).tag)


def accepted(
    video: dict[str, Any], *, waited: int = 0, replayed: bool = False, stream: Response | None = None
) -> Response:
    """A new Video, or one that an earlier request made (`replayed`).

    Its caller preferred to wait so many seconds for its end, and it may have come; or a stream of its events.
    """
    response = _paced(stream or jsonify(video), video)
    response.status_code = 200 if replayed or JobState(video["state"]).is_final else 202
    if replayed:
        response.headers[REPLAYED] = "true"
    response.headers["Location"] = f"/v1/videos/{video['id']}"
    if waited:
        response.headers["Preference-Applied"] = f"wait={waited}"
    return response


def told(video: dict[str, Any]) -> Response:
    """The Video, or nothing when the caller has just this version."""
    told = VideoText.of(video)
    response = Response(status=304) if _has(told.tag) else Response(told.text, mimetype=MEDIA)
    response.set_etag(told.tag, weak=True)
    return _paced(response, video)


def _has(tag: str) -> bool:
    return "If-None-Match" in request.headers and request.if_none_match.contains_weak(tag)


def _paced(response: Response, video: dict[str, Any]) -> Response:
    """OpenAI's clients read the pace of their polling from here."""
    after = pace.poll_after_ms(JobState(video["state"]), video["queue_position"])
    if after is not None:
        response.headers["openai-poll-after-ms"] = str(after)
    return response

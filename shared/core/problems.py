"""Errors as callers see them: RFC 9457 problem details with OpenAI's `error` member inside.

OpenAI's clients read `error` whatever the content type; others read the standard members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from shared.core import request_key
from shared.core.errors import (
    AddressRefused,
    Busy,
    Conflict,
    FlipbookError,
    Forbidden,
    IllegalChange,
    InvalidRequest,
    NotFound,
    Problem,
    TemporaryError,
)

CONTENT_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An error on its way out. `retry_after` in seconds; None: retrying the same cannot help."""

    status: int
    code: str
    detail: str
    errors: Sequence[Problem] = field(default=())
    retry_after: int | None = None

    def body(self) -> dict[str, Any]:
        return {
            "type": f"urn:flipbook:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"pointer": problem.pointer, "detail": problem.detail} for problem in self.errors],
            "error": {
                "message": self.detail,
                "type": "server_error" if self.status >= 500 else "invalid_request_error",
                "param": self.errors[0].pointer.lstrip("/") or None if self.errors else None,
                "code": self.code,
            },
        }

    def headers(self) -> dict[str, str]:
        """`x-should-retry` is OpenAI's clients' word; without it they repeat every 409."""
        if self.retry_after is not None:
            return {"Retry-After": str(self.retry_after), "x-should-retry": "true"}
        return {"x-should-retry": "false"} if self.status in (409, 422) else {}


_AWAY: Final = "a part of the platform cannot be reached; the same request may succeed soon"
"""What exactly is away is the operator's to know."""
_BUG: Final = "something went wrong here that is not your doing"


def of(error: FlipbookError) -> Answer:
    """What to say of an error of the tree."""
    text = str(error)
    match error:
        case InvalidRequest(code=code, problems=problems):
            answer = Answer(status=400, code=code, detail=text, errors=problems)
        case AddressRefused():
            answer = Answer(status=400, code="ssrf_blocked", detail=text)
        case Forbidden():
            answer = Answer(status=403, code="forbidden", detail=text)
        case NotFound():
            answer = Answer(status=404, code="not_found", detail=text)
        case Conflict(code=request_key.MISMATCH as code):
            answer = Answer(status=422, code=code, detail=text)
        case Conflict(code=code):
            answer = Answer(status=409, code=code, detail=text)
        case IllegalChange():
            answer = Answer(status=409, code="already_terminal", detail=text)
        case Busy(retry_after=seconds):
            answer = Answer(status=429, code="busy", detail=text, retry_after=seconds)
        case TemporaryError(retry_after=seconds):
            answer = Answer(status=503, code="store_unavailable", detail=_AWAY, retry_after=seconds)
        case _:
            answer = Answer(status=500, code="internal_error", detail=_BUG)
    return answer

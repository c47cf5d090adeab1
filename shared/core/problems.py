"""Errors as callers see them: RFC 9457 problem details with OpenAI's `error` member inside.

OpenAI's clients read `error` whatever the content type; others read the standard members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Gone,
    IllegalChange,
    InvalidRequest,
    Limited,
    NotFound,
    Problem,
    StaleAttempt,
    TemporaryError,
    Unresolved,
)

CONTENT_TYPE: Final = "application/problem+json"
CODES: Final[Mapping[str, tuple[int, str]]] = {
    "invalid_request": (400, "It cannot be read."),
    "invalid_parameter": (400, "A field is wrong, or more than one: `errors` names each."),
    "invalid_event": (400, "It is no CloudEvent that is taken here."),
    "unsupported_feature": (400, "The model cannot do this."),
    "ssrf_blocked": (400, "The webhook's address must not be called from here."),
    "invalid_api_key": (401, "No valid credential was shown."),
    "forbidden": (403, "The key lacks a scope."),
    "not_found": (404, "There is no such thing, or it is not yours."),
    "method_not_allowed": (405, "`Allow` says which methods there are."),
    "request_timeout": (408, "The body did not come in time."),
    "not_ready": (409, "The video is not drawn yet."),
    "already_terminal": (409, "It is over already."),
    "not_retriable": (409, "It did not end in a way that can be tried again."),
    "id_conflict": (409, "The id names a video with another body."),
    "keys_off": (409, "No pepper is set, so keys cannot be stored here."),
    "key_not_live": (409, "The key is revoked or expired."),
    "rotation_under_way": (409, "As many secrets as may be of the key, or of the webhook endpoint, are live."),
    "too_many_keys": (409, "As many keys as are kept are there; delete some."),
    "endpoints_off": (409, "No key is set under which webhook secrets could be sealed."),
    "too_many_endpoints": (409, "As many webhook endpoints as a tenant may have are there; delete one."),
    "endpoint_unreachable": (409, "No answer came from the webhook endpoint."),
    "handshake_refused": (409, "The webhook endpoint was asked, and did not say that it wants to be called."),
    "delivery_pending": (409, "The callback is on its way already."),
    "idempotency_gone": (409, "The video that the key stands for was deleted."),
    "dead_letter_parked": (409, "The dead letter is not sent again."),
    "dead_letter_changed": (409, "Somebody did something about it at this moment; look again."),
    "content_expired": (410, "The file is no longer kept."),
    "payload_too_large": (413, "The body is too large."),
    "unsupported_media_type": (415, "The body is of a type that is not taken here."),
    "range_not_satisfiable": (416, "The range begins behind the end."),
    "idempotency_mismatch": (422, "The key came with another body before."),
    "busy": (429, "The only place is taken; `Retry-After` says when to come again."),
    "rate_limit_exceeded": (
        429,
        "The key came too often, or a webhook endpoint takes no more now; `Retry-After` says when to come again.",
    ),
    "queue_full": (429, "As many videos wait as may; `Retry-After` says when to come again."),
    "store_unavailable": (503, "A part of the platform is away; `Retry-After` says when to come again."),
}
"""Every code that callers may see, its status, and what it means. 500 `internal_error` is promised to nobody."""
LONGEST_WAIT_S: Final = 120
"""OpenAI's clients wait for no longer, but ask again at once instead, unless they are told not to."""


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
            should = str(self.retry_after <= LONGEST_WAIT_S).lower()
            return {"Retry-After": str(self.retry_after), "x-should-retry": should}
        return {"x-should-retry": "false"} if self.status in (409, 422) else {}


_AWAY: Final = "a part of the platform cannot be reached; the same request may succeed soon"
"""What exactly is away is the operator's to know."""
_BUG: Final = "something went wrong here that is not your doing"

_PLAIN: Final[Mapping[type[FlipbookError], str]] = {
    AddressRefused: "ssrf_blocked",
    Forbidden: "forbidden",
    NotFound: "not_found",
    Gone: "content_expired",
    IllegalChange: "already_terminal",
    StaleAttempt: "already_terminal",
}
"""The codes of errors whose sentence says all."""


def of(error: FlipbookError) -> Answer:
    """What to say of an error of the tree."""
    text = str(error)
    match error:
        case InvalidRequest(code=code, problems=problems):
            answer = Answer(status=400, code=code, detail=text, errors=problems)
        case Conflict(code=request_key.MISMATCH as code):
            answer = Answer(status=422, code=code, detail=text)
        case Conflict(code=code):
            answer = Answer(status=409, code=code, detail=text)
        case Busy(code=code, retry_after=seconds) | Limited(code=code, retry_after=seconds):
            answer = Answer(status=429, code=code, detail=text, retry_after=seconds)
        case Unresolved(retry_after=seconds):
            answer = Answer(status=503, code="store_unavailable", detail=text, retry_after=seconds)
        case TemporaryError(retry_after=seconds):
            answer = Answer(status=503, code="store_unavailable", detail=_AWAY, retry_after=seconds)
        case _ if (plain := _PLAIN.get(type(error))) is not None:
            answer = Answer(status=CODES[plain][0], code=plain, detail=text)
        case _:
            answer = Answer(status=500, code="internal_error", detail=_BUG)
    return answer

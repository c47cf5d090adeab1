"""Several videos asked for at once: the body, what is answered, and how one entry's error is told."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

from shared.core import problems
from shared.core.errors import FlipbookError, InvalidRequest, Problem, pointer
from shared.core.objects import ProblemError, ProblemPart, Video
from shared.core.wish import CreateVideo

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


class CreateBatch(BaseModel):
    """The body of `POST /v1/videos/batch`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    requests: Annotated[list[CreateVideo], Field(min_length=1)]
    """Each as the body of `POST /v1/videos`."""


@with_config(_DESCRIBED)
class BatchError(TypedDict):
    """An entry that made no video: RFC 9457's members, with OpenAI's `error` inside."""

    object: Literal["error"]
    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemPart]
    error: ProblemError


@with_config(_DESCRIBED)
class VideoBatch(TypedDict):
    object: Literal["list"]
    data: list[Video | BatchError]
    """One for each entry of `requests`, in its order."""


def entries(body: object, *, most: int) -> list[object]:
    """The requests in a batch's body, each still to be read.

    Raises: InvalidRequest.
    """
    if not isinstance(body, dict) or not isinstance(body.get("requests"), list):
        raise InvalidRequest(Problem("/requests", "must be a list, in a JSON object with no other field"))
    if others := [name for name in body if name != "requests"]:
        raise InvalidRequest(Problem(pointer(others[:1]), "is not a field here; the one field is requests"))
    if not 1 <= len(body["requests"]) <= most:
        raise InvalidRequest(Problem("/requests", f"must have 1 to {most} entries, not {len(body['requests'])}"))
    found: list[object] = body["requests"]
    return found


def moved(n: int, error: InvalidRequest) -> InvalidRequest:
    """The error of entry `n`, with pointers into the batch."""
    parts = (Problem(f"/requests/{n}{problem.pointer}", problem.detail) for problem in error.problems)
    return InvalidRequest(*parts, code=error.code)


def told(error: FlipbookError) -> dict[str, Any]:
    """The BatchError of an entry."""
    return {"object": "error", **problems.of(error).body()}

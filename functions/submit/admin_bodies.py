"""What admin routes are told: small JSON objects, read strictly. No body at all is an empty one."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from flask import request
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)

from functions.submit import bodies
from shared.core.errors import InvalidRequest, Problem, pointer
from shared.core.queue import Place

B = TypeVar("B", bound=BaseModel)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _place(text: object) -> Place:
    if not isinstance(text, str):
        raise ValueError("must be a string")
    return Place.parse(text)


class PauseBody(BaseModel):
    """POST /admin/queue/pause."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[StrictStr, Field(max_length=200), AfterValidator(_printable)] = ""


class PurgeBody(BaseModel):
    """POST /admin/queue/purge. `older_than` in seconds since the job was created."""

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[StrictStr, Field(min_length=1, max_length=63)] | None = None
    older_than: Annotated[StrictInt, Field(ge=0, le=10**9)] | None = None
    dry_run: StrictBool = False
    after: Annotated[Place, BeforeValidator(_place)] | None = None


class NoBody(BaseModel):
    """A route that needs to be told nothing."""

    model_config = ConfigDict(extra="forbid")


def read(kind: type[B]) -> B:
    """The present request's body. Raises: InvalidRequest: With one Problem for each wrong field."""
    said: Any = bodies.body() if request.content_length or request.mimetype else {}
    if not isinstance(said, dict):
        raise InvalidRequest(Problem("", "must be a JSON object"))
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise InvalidRequest(*(_problem(kind, e["type"], e["loc"], e["msg"]) for e in error.errors())) from None


def _problem(kind: type[BaseModel], fault: str, path: tuple[str | int, ...], message: str) -> Problem:
    if fault == "extra_forbidden":
        fields = ", ".join(kind.model_fields) or "none"
        return Problem(pointer(path), f"is not a field here; the fields are {fields}")
    return Problem(pointer(path), message.removeprefix("Value error, "))

"""What admin routes are told: small JSON objects, read strictly."""

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
)

from functions import kit
from functions.submit import bodies
from shared.core import strict_body
from shared.core.operation import JSON
from shared.core.queue import Place
from shared.core.whole import WHOLE

B = TypeVar("B", bound=BaseModel)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _place(text: object) -> Place:
    if not isinstance(text, str):
        raise ValueError("must be a string")
    return Place.parse(text)


_Cursor = Annotated[str, Field(json_schema_extra={"format": "cursor"})]


class PauseBody(BaseModel):
    """POST /admin/queue/pause."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        StrictStr, Field(max_length=200), AfterValidator(_printable), Field(json_schema_extra={"format": "printable"})
    ] = ""


class PurgeBody(BaseModel):
    """POST /admin/queue/purge. `older_than` in seconds since the job was created."""

    model_config = ConfigDict(extra="forbid")

    tenant: Annotated[StrictStr, Field(min_length=1, max_length=63)] | None = None
    older_than: Annotated[StrictInt, Field(ge=0, le=10**9), WHOLE] | None = None
    dry_run: StrictBool = False
    after: Annotated[Place, BeforeValidator(_place, json_schema_input_type=_Cursor)] | None = None


class NoBody(BaseModel):
    """A route that needs to be told nothing."""

    model_config = ConfigDict(extra="forbid")


def read(kind: type[B], *, required: bool = False) -> B:
    """The present request's body; an empty one is an empty object, unless it is `required`.

    Many clients name JSON on every POST, also where they have nothing to say.

    Raises: InvalidRequest: With one Problem for each wrong field; UnsupportedMediaType.
    """
    empty = not kit.body() and request.mimetype in ("", JSON)
    said: Any = {} if empty and not required else bodies.body()
    return strict_body.parse(said, kind)

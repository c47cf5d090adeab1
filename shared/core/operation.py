"""What a route says of itself to the OpenAPI document: its words stand next to it, in an Operation.

_GET_VIDEO = Operation(
    id="getVideo", summary="...", replies={200: Reply("...", Payload(Video))}, errors=("not_found",)
)


@routes.get("/<job_id>")
@_GET_VIDEO
def get(job_id: str) -> Response: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

View = TypeVar("View", bound=Callable[..., Any])
Schema = Mapping[str, Any]
"""A JSON Schema."""
JSON: Final = "application/json"
_ATTRIBUTE: Final = "operation"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body: a shape (TypedDict, pydantic model) in JSON or what says the same; without one, bytes or text."""

    shape: Any = None
    media: tuple[str, ...] = (JSON,)
    example: Any = None
    streams: tuple[str, ...] = ()
    """Media in which it can come too, piece by piece: no schema says that."""
    required: bool = True
    """Of a request's body: whether there must be one."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What a request says beside its path and its body; any text, if no schema says more."""

    name: str
    about: str
    schema: Schema | None = None
    place: Literal["query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Reply:
    """A good answer. `headers` are names that openapi.py knows; x-request-id is on every answer."""

    about: str
    payload: Payload | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that callers can do, whatever methods and paths lead to it. Decorates the route's view.

    `errors` are codes of problems.CODES beyond those that the document adds by itself: of the door,
    of the stores, of a body. `about` is Markdown.
    """

    id: str
    summary: str
    about: str = ""
    arguments: tuple[Argument, ...] = ()
    body: Payload | None = None
    replies: Mapping[int, Reply] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    as_400: tuple[str, ...] = ()
    """Codes that this route answers with 400, whatever their status is elsewhere."""

    def __call__(self, view: View) -> View:
        vars(view)[_ATTRIBUTE] = self
        return view


def of(view: Callable[..., Any]) -> Operation | None:
    """What a view says of itself; None: nothing."""
    found: Operation | None = vars(view).get(_ATTRIBUTE)
    return found

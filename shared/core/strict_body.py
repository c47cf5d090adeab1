"""Small JSON objects that only the platform's owner sends: read strictly, and told all that is wrong."""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from shared.core.errors import InvalidRequest, Problem, pointer

MAX_PROBLEMS: Final = 16
Body = TypeVar("Body", bound=BaseModel)


def parse(said: object, kind: type[Body]) -> Body:
    """Raises: InvalidRequest: With one Problem for each wrong field."""
    if not isinstance(said, dict):
        raise InvalidRequest(Problem("", "must be a JSON object"))
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_PROBLEMS]
        raise InvalidRequest(*(_problem(kind, e["type"], e["loc"], e["msg"]) for e in faults)) from None


def _problem(kind: type[BaseModel], fault: str, path: tuple[str | int, ...], message: str) -> Problem:
    if fault == "extra_forbidden":
        fields = ", ".join(kind.model_fields) or "none"
        return Problem(pointer(path), f"is not a field here; the fields are {fields}")
    return Problem(pointer(path), message.removeprefix("Value error, "))

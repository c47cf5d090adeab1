"""What callers send, decoded: bodies and page arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from functions import kit
from functions.submit.forms import FORMS, form_body
from shared.core import json_text
from shared.core.errors import InvalidRequest, Problem
from shared.core.operation import JSON, Argument

MAX_PAGE: Final = 100
_LIMIT: Final = Problem("/limit", f"must be a whole number from 1 to {MAX_PAGE}")
AFTER: Final = Argument("after", "Go on behind this id, the `last_id` of the page before.")
_BEFORE: Final = Argument(
    "before",
    "Go back before this id, the `first_id` of the page after it: the nearest, in the same order. "
    "`has_more` then says whether there are more before them. Not together with `after`.",
)
_ORDER: Final = Argument("order", "By age.", {"type": "string", "enum": ["asc", "desc"], "default": "desc"})


@dataclass(frozen=True, slots=True)
class PageArguments:
    """Which part of a list: at most `limit` things behind the id `after`, oldest first if `ascending`.

    Or those just before `before`.
    """

    limit: int
    after: str | None
    before: str | None
    ascending: bool


def limit_of(things: str) -> Argument:
    return Argument("limit", f"{things} a page.", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 20})


def page_of(things: str) -> tuple[Argument, ...]:
    """What `page_arguments` reads."""
    return limit_of(things), _ORDER, AFTER, _BEFORE


def body() -> object:
    """What the request says: JSON, or what its form would be in JSON. Raises: InvalidRequest, UnsupportedMediaType."""
    if request.mimetype in FORMS:
        return form_body()
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"send the body as {JSON}, {' or '.join(FORMS)}, and name it: Content-Type")
    try:
        return json_text.read(kit.body())
    except ValueError:
        raise InvalidRequest(Problem("", "the body is not valid JSON"), code="invalid_request") from None


def page_arguments() -> PageArguments:
    """Raises: InvalidRequest: Naming every wrong argument."""
    found = []
    limit, order = request.args.get("limit", "20"), request.args.get("order", "desc")
    if not _is_limit(limit):
        found.append(_LIMIT)
    if order not in ("asc", "desc"):
        found.append(Problem("/order", "must be asc or desc"))
    after, before = request.args.get("after"), request.args.get("before")
    if after is not None and before is not None:
        found.append(Problem("/before", "cannot be given together with after"))
    if found:
        raise InvalidRequest(*found)
    return PageArguments(limit=int(limit), after=after, before=before, ascending=order == "asc")


def limit_argument() -> int:
    """Things a page. Raises: InvalidRequest."""
    limit = request.args.get("limit", "20")
    if not _is_limit(limit):
        raise InvalidRequest(_LIMIT)
    return int(limit)


def _is_limit(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE

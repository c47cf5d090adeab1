"""What is told of dead letters, field by field; dead_letter.py and submit make it, the OpenAPI document shows it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict  # pydantic asks for this one before Python 3.12

_DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)


@with_config(_DESCRIBED)
class LetterError(TypedDict):
    """One time at which the Broker gave up."""

    at: int
    status: str | None
    """The subscriber's last status; `-1` where none came."""
    code: str | None
    """The `error.code` of its answer, if it was one of ours."""


@with_config(_DESCRIBED)
class Letter(TypedDict):
    """An event the Broker gave up on. Its data are not kept."""

    id: str
    object: Literal["dead_letter"]
    state: Literal["dead", "redriven", "obsolete", "parked"]
    """`obsolete`: what it told of has moved on; `parked`: it is not sent again."""
    event_id: str
    event_type: str
    source: str
    subject: str
    """The video that it told of."""
    destination: str
    deaths: int
    """How often the Broker gave up on it, each time after all its retries."""
    hops: int
    """How often it had been sent again when it died last."""
    redrives: int
    """How often it was sent again, all in all."""
    redriven_at: int | None
    first_error: LetterError
    last_error: LetterError


@with_config(_DESCRIBED)
class LetterList(TypedDict):
    """A page, who died last first; the next one is asked for with `after=<next>`."""

    object: Literal["list"]
    data: list[Letter]
    has_more: bool
    next: str | None


@with_config(_DESCRIBED)
class LettersRedriven(TypedDict):
    """What redriving all of them came to."""

    object: Literal["dead_letter.redrive"]
    redriven: int
    """Their events are sent within a minute or so, a bounded number at a time."""
    obsolete: int
    has_more: bool
    """Say it again for the rest."""

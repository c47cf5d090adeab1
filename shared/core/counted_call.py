"""A call whose client counts its tries and sends no key, as OpenAI's do (`x-stainless-retry-count`).

A repeat stands for an earlier creation if one came from the same API key, with the same body, not
long ago. Nothing tells for sure which one, or whether its answer was lost; so each creation is given to at
most one repeat of each number, and to the likeliest: see docs/decisions/0015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MAX_ANSWERS: Final = 16
"""Creations with one body that are remembered; of more, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedCall:
    name: str
    """Whose call, and for what: the same for all tries."""
    tries: int
    """How often it was made before: 0, 1, 2."""
    window: timedelta
    """An answer given longer ago is not repeated."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A creation, and the last try that was answered with it."""

    job_id: str
    tries: int
    at: datetime
    draft_id: str
    """The id of the job that the try would have made: it tells one try from another."""


def remembered(answers: Sequence[Answered], call: CountedCall, at: datetime) -> tuple[Answered, ...]:
    """Those that are not too old."""
    return tuple(answer for answer in answers if at - answer.at < call.window)


def taken(answers: Sequence[Answered], call: CountedCall, draft_id: str) -> Answered | None:
    """The one that this try stands for; None: it is a call of its own.

    The most tries first: that chain goes on. Then the newest: who lost an answer asks again soon.
    """
    earlier = [answer for answer in answers if answer.tries < call.tries]
    own = (answer for answer in answers if answer.draft_id == draft_id)  # we lost the store's answer
    return next(own, None) or max(earlier, key=lambda answer: (answer.tries, answer.at), default=None)


def without(answers: Sequence[Answered], answer: Answered) -> tuple[Answered, ...]:
    return tuple(other for other in answers if other is not answer)


def given(
    answers: Sequence[Answered], answer: Answered, call: CountedCall, at: datetime, draft_id: str
) -> tuple[Answered, ...]:
    """All of them, after this try was answered with one of them."""
    return (*without(answers, answer), replace(answer, tries=call.tries, at=at, draft_id=draft_id))


def created(answers: Sequence[Answered], call: CountedCall, at: datetime, job_id: str) -> tuple[Answered, ...]:
    """All of them, after this try made a job."""
    return (*answers, Answered(job_id, call.tries, at, job_id))[-MAX_ANSWERS:]

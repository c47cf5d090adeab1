"""When a drawing makes room for another one before its slice is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.core.job import Job
from shared.core.schedule import cost
from shared.core.work import Work, architecture

TURN: Final = timedelta(seconds=60)
"""Nobody is interrupted before: to stop and to go on again takes about a second."""
PATIENCE: Final = timedelta(seconds=60)
"""What anybody can wait. Usually another GPU has taken the job by then, or is being woken for it."""
SHORTER: Final = 2.0
"""By this factor the other must be shorter than what is left. Two of a length would only delay each other."""
NEARLY_DONE: Final = 0.1
"""Who has no more than this share left is let finish."""


def makes_room(drawn: Job, left: float, first: Job, at: datetime) -> bool:
    """Whether `drawn`, claimed when it last changed, gives its GPU to `first`, the first in the queue.

    `left` is the share of its steps still to do, 0 to 1. Only to a job that is more urgent, or as
    urgent and much shorter, and that has waited.
    """
    if at - drawn.changed_at < TURN or at - first.queued_at < PATIENCE or left <= NEARLY_DONE:
        return False
    if cost(first) > cost(drawn):
        return False  # the queue would hand the GPU back to whom gave it up
    urgency = first.terms.priority.level - drawn.terms.priority.level
    return urgency > 0 or (urgency == 0 and _seconds(first) * SHORTER <= _seconds(drawn) * left)


def _seconds(job: Job) -> float:
    return architecture(job.request.model).seconds(Work.of(job.request))

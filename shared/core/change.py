"""What can happen to a job: facts in the past tense. What follows from them stands in job.py.

A fact that carries an attempt comes from the worker that holds the job, and is refused from any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.core.output import Output


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job did not complete: a code for machines, a sentence for people."""

    code: str
    message: str


TIMEOUT: Final = JobError("timeout", "the video was not done in the time that its caller gave it")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker took the job; `attempt` is its random fence."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Yielded:
    """The worker's time slice is over. Not a loss: the next claimer resumes."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Released:
    """The attempt broke on something that may be gone next time."""

    attempt: str
    error: JobError


@dataclass(frozen=True, slots=True)
class LeaseExpired:
    """The worker was not heard of for a whole lease."""

    attempt: str


@dataclass(frozen=True, slots=True)
class AttemptsExhausted:
    """The loss that was one too many. `advance` makes it of the two facts above."""

    attempt: str
    error: JobError


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """The caller no longer wants the video."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The worker heard the wish and stopped."""

    attempt: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The video is stored and was checked."""

    attempt: str
    output: Output


@dataclass(frozen=True, slots=True)
class Failed:
    """The video cannot be drawn, now or later."""

    attempt: str
    error: JobError


@dataclass(frozen=True, slots=True)
class Purged:
    """The platform's owner emptied the queue. Who has a worker already keeps it."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody took the job in the time that its caller was ready to wait."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time that the caller gave the whole job is over; it is refused before."""


Change = (
    Claimed
    | Yielded
    | Released
    | LeaseExpired
    | AttemptsExhausted
    | CancelRequested
    | Cancelled
    | Completed
    | Failed
    | Purged
    | Expired
    | TimedOut
)

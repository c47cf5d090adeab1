"""Everything that may go wrong by design, as one tree. What is not in it is a bug.

FlipbookError
├── PermanentError            asking again cannot help
│   ├── InvalidRequest        the caller's words are wrong; carries every Problem found
│   ├── Forbidden             the caller's key is not good for that
│   ├── NotFound              no such thing, or not the caller's
│   ├── Gone                  it was here, and its time is over
│   ├── Conflict              it exists and stands in the way
│   ├── IllegalChange         the job's state has no such step
│   │   └── StaleAttempt      another attempt owns the job, or none does
│   ├── AddressRefused        a URL that must not be called
│   ├── UnsafeServer          a server is set up so that it may lose what it was given
│   ├── ModelUnavailable      this process cannot load the model that was asked for
│   └── DrawingFailed         the model ran and its result is not a video
└── TemporaryError            the same call may succeed later
    ├── Unavailable           a store or the Broker cannot be reached
    │   ├── Damaged           it was stored, and what lies there is not whole
    │   └── Unresolved        a URL's host name cannot be looked up now
    ├── Busy                  the only place is taken
    ├── Limited               the caller asks for more than their share
    │   ├── RateLimited       too often
    │   └── QueueFull         more jobs waiting than there may be
    ├── OutOfMemory           the drawing did not fit into memory this time
    └── NoSpace               a disk or its quota is full
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class FlipbookError(Exception):
    """The root: an error that the platform knows and names."""


class PermanentError(FlipbookError):
    """Asking again cannot help."""


class TemporaryError(FlipbookError):
    """The same call may succeed later; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong field: where it is (RFC 6901 pointer), what is wrong and what is allowed."""

    pointer: str
    detail: str


def pointer(path: Iterable[str | int]) -> str:
    """RFC 6901: `~` and `/` in a name are escaped."""
    return "".join("/" + told(part).replace("~", "~0").replace("/", "~1") for part in path)


def told(name: str | int) -> str:
    """A name of the caller's as it may be said again: in part if it is long, and always text."""
    return str(name)[:64].encode(errors="replace").decode()


class InvalidRequest(PermanentError):
    """The request names something wrong; `problems` holds all of it, not only the first."""

    def __init__(self, *problems: Problem, code: str = "invalid_parameter") -> None:
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in problems))
        self.problems = problems
        self.code = code


class Forbidden(PermanentError):
    """The caller is known, and his key lacks a scope; the message names it."""


class NotFound(PermanentError):
    """No such thing. Also said of what belongs to another tenant."""


class Gone(PermanentError):
    """It was here and the caller's, and was removed when its time was over."""


class Conflict(PermanentError):
    """Something stands in the way; `code` is the machine-readable reason."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class IllegalChange(PermanentError):
    """The change does not fit the state that the job is in. The job is untouched."""


class StaleAttempt(IllegalChange):
    """A worker spoke for an attempt that no longer owns the job."""


class AddressRefused(PermanentError):
    """A URL that points where callers may not send us."""


class UnsafeServer(PermanentError):
    """A server is set up so that it may lose what it was given; the message says how to set it right."""


class ModelUnavailable(PermanentError):
    """The model is not offered here or its weights are not where they should be; the message says what to do."""


class DrawingFailed(PermanentError):
    """The attempt ended without a valid video; `code` goes into the job's error."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Unavailable(TemporaryError):
    """A store or the Broker did not answer."""


class Damaged(Unavailable):
    """What was stored is there and not whole: nobody should wait for it, though a store that is mended may have it."""


class Unresolved(Unavailable):
    """A host name that the caller gave cannot be looked up now; whether it is a good one is not known.

    It may be their name server that fails, so the message is for them.
    """


class Busy(TemporaryError):
    """The only place is taken."""

    code = "busy"


class Limited(TemporaryError):
    """The caller asks for more than their share. Nothing is wrong here: it is counted, not logged."""

    code = "limited"


class RateLimited(Limited):
    """Too many requests in too short a time."""

    code = "rate_limit_exceeded"


class QueueFull(Limited):
    """There are as many jobs waiting as there may be, of this tenant or in all."""

    code = "queue_full"


class OutOfMemory(TemporaryError):
    """The accelerator had no room left. Another one, or the same one alone, may have it."""

    code = "out_of_memory"


class NoSpace(TemporaryError):
    """No room was left for a file. Somewhere else there may be, or here once others have removed theirs."""

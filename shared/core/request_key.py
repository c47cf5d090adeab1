"""What makes two creations one request, so that no request is doubled.

A caller that lost our answer asks again under the same key, and gets the job of the first time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.core.errors import Conflict
from shared.core.job import Job

MISMATCH: Final = "idempotency_mismatch"
GONE: Final = "idempotency_gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """One tenant's name for one creation. Kept for `life`; after that the name is free again."""

    name: str
    """The kind first, as in `client:my-film`, so that no two kinds can meet."""
    fingerprint: str
    """Of what was asked for: see `fingerprint`."""
    life: timedelta
    whole: str | None = None
    """The name of the request that this creation is a part of: kept with the first part, and then for that request."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its own first."""
        return (self.name,) if self.whole is None else (self.name, self.whole)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What is kept of a key: the job that was made under it, and the fingerprint."""

    job_id: str
    fingerprint: str


def fingerprint(body: object) -> str:
    """A digest of a decoded, valid body; how it was written, and in what order, makes no difference."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hold(key: RequestKey, use: KeyUse) -> None:
    """Raises: Conflict: `use` is of something else that was asked for (`idempotency_mismatch`)."""
    if use.fingerprint != key.fingerprint:
        raise Conflict("this key was used for another request; use a new one", code=MISMATCH)


def first(key: RequestKey, use: KeyUse, job: Job | None) -> Job:
    """The job that was made under `key` before; `job` is its record, if there still is one.

    Raises:
        Conflict: Something else was asked for under it (`idempotency_mismatch`), or the job was
            deleted (`idempotency_gone`): neither the old job nor a new one would be a true answer.
    """
    hold(key, use)
    if job is None or job.discarded:
        raise Conflict(f"{use.job_id}, made under this key, was deleted; use a new key for a new video", code=GONE)
    return job

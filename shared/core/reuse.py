"""When a finished video is the answer to another request for the same picture (`cache` of a request)."""

from __future__ import annotations

from dataclasses import asdict

from shared.core.job import Job, JobState
from shared.core.request_key import fingerprint
from shared.core.terms import Cache


def likeness(job: Job) -> str | None:
    """The same for jobs that would draw the same file, another one for any other; None: it takes no part in this."""
    if job.terms.cache is Cache.OFF:
        return None
    return fingerprint({"request": asdict(job.request), "crf": job.terms.crf})


def wanted(job: Job) -> str | None:
    """The likeness of the video that would do as well as a new one; None: it must be a new one."""
    return likeness(job) if job.terms.cache is Cache.USE else None


def offered(job: Job) -> str | None:
    """The likeness under which others may find its video, now that it has come to this state; None: they may not."""
    return likeness(job) if job.state is JobState.COMPLETED and not job.discarded else None


def serves(job: Job, earlier: Job | None) -> bool:
    """Whether `earlier`, which was found under the wanted likeness, is still there to be given."""
    return earlier is not None and earlier.tenant == job.tenant and offered(earlier) == wanted(job) is not None

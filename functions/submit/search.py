"""The videos of a list that are wanted. Knows no Flask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.core.job import Job
from shared.core.selection import Selection
from shared.ports import JobStore

BOUND: Final = 1000
"""Jobs that one request looks at. Selections have no index, and nobody may make the store read a whole life's work."""
_CHUNK: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """Some jobs that pass; `last` is the id behind which the search goes on, None: there is nothing behind."""

    jobs: list[Job]
    last: str | None


def search(
    jobs: JobStore, tenant: str, selection: Selection, *, limit: int, after: str | None, ascending: bool
) -> Found:
    """At most `limit` jobs of the tenant that pass. There may be fewer, even none, and more behind them."""
    found: list[Job] = []
    chunk, seen = limit if selection.passes_all else _CHUNK, 0
    while True:
        page = jobs.page(tenant, limit=chunk, after=after, ascending=ascending)
        for n, job in enumerate(page.jobs, start=1):
            after = job.id
            if selection.passes(job):
                found.append(job)
            if len(found) == limit:
                return Found(found, after if page.has_more or n < len(page.jobs) else None)
        seen += len(page.jobs)
        if not page.has_more or seen >= BOUND:
            return Found(found, after if page.has_more else None)

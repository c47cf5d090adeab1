"""One pair of eyes for all who wait. Knows no Flask.

A thread hears which jobs changed and looks at those that somebody watches, once for all of them. Word of a change
may be lost, so it looks at every watched job now and then. The thread lives while somebody watches.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from threading import Event as Flag
from threading import Lock, Thread, current_thread
from typing import Final

from functions.submit.watcher import Show, Sight, Watcher
from shared.core.errors import Busy, Unavailable
from shared.core.standing import Standing
from shared.ports import Changes, JobStore, Listening
from shared.telemetry import metrics

log = logging.getLogger(__name__)

PLACES: Final = 2000
"""Callers that may watch at a time; waiting costs a greenlet and a socket each (knative/base/submit.yaml)."""
SWEEP_S: Final = 5.0
"""Between two looks at everything that is watched. So late a change is told whose word was lost."""
_EAR: Final = timedelta(milliseconds=250)
"""How long to listen until looking up: a stop is heard so late at most."""
_PAUSE_S: Final = 1.0
"""Before a store that was away is asked again."""
_GLANCE: Final = 50
"""Jobs that are looked at together, or callers who are told together; in between others may work."""


class Lookout:
    """Sees watched jobs change, for as long as the process is not told to stop (`drain`)."""

    def __init__(
        self, jobs: JobStore, changes: Changes, show: Show, drain: Flag, *, places: int = PLACES, each: int = 0
    ) -> None:
        """`places` are there in all, `each` for one tenant; 0: he may take all of them."""
        self._jobs = jobs
        self._changes = changes
        self._show = show
        self._drain = drain
        self._places = places
        self._each = each or places
        self._lock = Lock()
        self._watchers: dict[str, set[Watcher]] = {}
        self._sights: dict[str, Sight] = {}
        """The last one of each watched job."""
        self._counts: Counter[str] = Counter()
        """Watchers of each tenant who has any."""
        self._thread: Thread | None = None
        self._sweep_at = 0.0

    def watch(self, job_id: str, tenant: str) -> Watcher:
        """A place at a job for a caller of that tenant.

        What changed before must be looked up afterwards: then nothing falls between.

        Raises: Busy: So many watch already that others would suffer.
        """
        watcher = Watcher(job_id, lambda one: self._leave(one, tenant))
        with self._lock:
            if self._counts.total() >= self._places:
                raise Busy("too many callers watch their videos at the moment; look again instead", retry_after=5)
            if self._counts[tenant] >= self._each:
                raise Busy(f"you watch {self._each} times already, and no more are let in here", retry_after=5)
            self._watchers.setdefault(job_id, set()).add(watcher)
            self._counts[tenant] += 1
            if self._thread is None:
                self._thread = Thread(target=self._run, name="lookout", daemon=True)
                self._thread.start()
        metrics.WATCHERS.inc()
        return watcher

    def _leave(self, watcher: Watcher, tenant: str) -> None:
        with self._lock:
            at_job = self._watchers.get(watcher.job_id, set())
            if watcher not in at_job:
                return
            at_job.remove(watcher)
            self._counts[tenant] -= 1
            if not self._counts[tenant]:
                del self._counts[tenant]
            if not at_job:
                del self._watchers[watcher.job_id]
                self._sights.pop(watcher.job_id, None)
        metrics.WATCHERS.dec()

    def _run(self) -> None:
        listening = self._changes.listen()
        try:
            while self._is_wanted():
                if not self._look(self._due(listening)):
                    listening.close()  # the same server: a connection that it does not know of may be as dead
        finally:
            self._stop()  # also after a bug: better no eyes than blind ones that everybody trusts
            listening.close()

    def _is_wanted(self) -> bool:
        with self._lock:
            if self._watchers and not self._drain.is_set():
                return True
            self._thread = None
            return False

    def _stop(self) -> None:
        """Send everybody away; if nobody was there, another thread may have taken over meanwhile."""
        with self._lock:
            broken = self._thread is current_thread()
            if not broken and not self._drain.is_set():
                return
            if broken:
                self._thread = None
            watchers = [watcher for at_job in self._watchers.values() for watcher in at_job]
        for watcher in watchers:
            watcher.dismiss()

    def _due(self, listening: Listening) -> Collection[str]:
        """The watched jobs to look at now."""
        try:
            heard = listening.heard(_EAR)
        except Unavailable as error:
            log.warning("changes not heard", extra={"error": error})
            self._drain.wait(_PAUSE_S)
            return ()
        with self._lock:
            if heard is not None and time.monotonic() < self._sweep_at:
                return heard & self._watchers.keys()
            self._sweep_at = time.monotonic() + SWEEP_S
            return list(self._watchers)

    def _look(self, job_ids: Collection[str]) -> bool:
        """Whether the store answered."""
        for glance in _cut(list(job_ids)):
            try:
                standings = self._jobs.standings(glance)
            except Unavailable as error:
                log.warning("watched jobs not seen", extra={"error": error})
                self._drain.wait(_PAUSE_S)
                return False
            for job_id, standing in zip(glance, standings, strict=True):
                self._tell(job_id, standing)
        return True

    def _tell(self, job_id: str, standing: Standing | None) -> None:
        if standing is not None and standing.job.discarded:
            standing = None
        with self._lock:
            before = self._sights.get(job_id)
            if job_id not in self._watchers or (before is not None and before.standing == standing):
                return
            watchers = tuple(self._watchers[job_id])
            sight = Sight(standing, self._show) if standing is not None else None
            if sight is not None:
                self._sights[job_id] = sight
        for n, watcher in enumerate(watchers, start=1):
            watcher.tell(sight)
            if n % _GLANCE == 0:
                time.sleep(0)  # these speak, and others are served, before the next ones are woken


def _cut(job_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (job_ids[n : n + _GLANCE] for n in range(0, len(job_ids), _GLANCE))

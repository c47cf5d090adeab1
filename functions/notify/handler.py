"""Tells callers of the end of their jobs: what is due is sent, many at a time, until nothing is. Knows no Flask."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import BoundedSemaphore, Event, Lock
from typing import Final

from functions.notify.postman import Postman
from functions.notify.shares import Shares
from shared.core.delivery import Delivery, Holds
from shared.settings import Settings
from shared.wiring import Services

SENDERS: Final = 64
"""Deliveries that one process has on their way at a time; most of them wait for their receivers."""
BATCH: Final = 16
LINGER: Final = timedelta(seconds=10)
"""A retry that is due this soon is waited for; a later one is left to recover's sweep."""
SLICE: Final = 60.0
"""Seconds that one wake-up works for; who waits to relieve it goes on, or else recover rings."""
LIMIT: Final = 90.0
"""Seconds that it may take as a whole, the wait for its shift included; with the last upload, less than notify's
timeoutSeconds."""
_GLANCE: Final = 0.5
"""Seconds after which a courier who waits looks whether it must stop."""


class Courier:
    """Sends what is due. Any number of couriers work side by side: a delivery is taken by one at a time."""

    def __init__(self, services: Services, settings: Settings, drain: Event, postman: Postman | None = None) -> None:
        self._services = services
        self._postman = postman or Postman(services, settings)
        self._holds = Holds.of(callback=settings.webhook_timeout, upload=settings.upload_timeout)
        self._shares = Shares(SENDERS)
        self._drain = drain
        self._bell = Event()
        self._shift = Lock()
        self._relief = BoundedSemaphore(1)

    def run(self) -> None:
        """Send deliveries until none is due, and wait for the next if it is due soon.

        In a process one works, and one more waits to relieve it: whoever comes beside them has nothing to add, for
        one of the two has not looked yet.
        """
        limit = time.monotonic() + LIMIT
        self._bell.set()
        if not self._relief.acquire(blocking=False):
            return
        try:
            mine = self._shift.acquire(timeout=LIMIT)
        finally:
            self._relief.release()
        if mine:
            self._work(min(time.monotonic() + SLICE, limit))

    def _work(self, end: float) -> None:
        """One shift. It is over before the last callbacks are: a slow receiver must not keep the relief waiting."""
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="callback") as pool:
            try:
                sending = self._send_all(pool, end)
            finally:
                self._shift.release()
        for done in sending:
            done.result()

    def _send_all(self, pool: ThreadPoolExecutor, end: float) -> set[Future[None]]:
        """Hand over what is due; what is still on its way when the shift is over."""
        sending: set[Future[None]] = set()
        while not self._drain.is_set() and time.monotonic() < end:
            self._bell.clear()
            for done in [each for each in sending if each.done()]:
                sending.remove(done)
                done.result()
            taken = self._take(SENDERS - len(sending))
            for delivery in taken:
                if self._has_place(delivery):
                    future = pool.submit(self._send, delivery)
                    future.add_done_callback(lambda _: self._bell.set())
                    sending.add(future)
            if not taken and not self._wait(busy=bool(sending)):
                break
        return sending

    def _has_place(self, taken: Delivery) -> bool:
        """If not, it is due again when its lane has rested."""
        wait = self._shares.enter(taken)
        if wait is not None:
            again = replace(taken, due_at=self._services.jobs.now())
            self._services.deliveries.keep(taken, again, rest=wait)
        return wait is None

    def _send(self, taken: Delivery) -> None:
        try:
            self._postman.deliver(taken)
        finally:
            self._shares.leave(taken)

    def _take(self, free: int) -> list[Delivery]:
        if not free:
            return []
        limit = min(free, BATCH)
        return list(self._services.deliveries.take(self._holds.callbacks, uploads=self._holds.uploads, limit=limit))

    def _wait(self, *, busy: bool) -> bool:
        """Until something may be due; False: it is too far away, and nothing is on its way."""
        due_at = self._services.deliveries.next_due()
        wait = due_at - self._services.jobs.now() if due_at else None
        if not busy and (wait is None or wait > LINGER):
            return False
        soon = _GLANCE if wait is None else min(max(wait.total_seconds(), 0.01), _GLANCE)
        self._bell.wait(soon)
        return True

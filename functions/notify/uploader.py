"""One finished video to where its caller wanted it: read from our store, PUT once, and written down. Knows no Flask."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Final

from functions.notify.ledger import Ledger
from shared.core.delivery import Delivery, Reply
from shared.core.errors import NotFound, Unavailable
from shared.core.message import USER_AGENT
from shared.core.output import Artifact
from shared.core.upload import UploadHosts
from shared.wiring import Services

log = logging.getLogger(__name__)

AT_A_TIME: Final = 16
"""Uploads on their way from one process: a quarter of its places, so that slow ones never keep callbacks waiting."""
NOT_ALLOWED: Final = Reply(error="host_not_allowed")
"""The owner names its host no longer, or not yet to this process. It is tried again, as after any fault."""
_FULL: Final = timedelta(seconds=5)
_STORE_AWAY: Final = timedelta(seconds=30)


class Uploader:
    """Any thread may use it."""

    def __init__(self, services: Services, ledger: Ledger, hosts: UploadHosts) -> None:
        self._services = services
        self._ledger = ledger
        self._hosts = hosts
        self._places = BoundedSemaphore(AT_A_TIME)

    def deliver(self, taken: Delivery) -> None:
        """One PUT, and what it came to. Killed in between, the same bytes are sent again.

        Raises: Unavailable: The job store is away.
        """
        if not self._places.acquire(blocking=False):
            self._ledger.postpone(taken, _FULL)
            return
        try:
            self._deliver(taken)
        finally:
            self._places.release()

    def _deliver(self, taken: Delivery) -> None:
        video = self._video(taken.job_id)
        if video is None:
            self._ledger.drop(taken, "video_deleted")
            return
        if not self._hosts.allow(taken.url):
            self._ledger.record(taken, NOT_ALLOWED, 0.0)
            return
        headers = (("Content-Type", video.content_type), ("User-Agent", USER_AGENT))
        began = time.monotonic()
        try:
            body = self._services.artifacts.read(video.key)
            reply = self._services.webhooks.put(taken.url, headers, body, length=video.bytes)
        except NotFound:
            self._ledger.drop(taken, "video_missing")
        except Unavailable as error:
            # Our own store is no fault of who waits for the video: it costs no try. It ends with the job's record.
            log.warning("upload postponed", extra={"delivery": taken.id, "job": taken.job_id, "error": error})
            self._ledger.postpone(taken, _STORE_AWAY)
        else:
            self._ledger.record(taken, reply, time.monotonic() - began)

    def _video(self, job_id: str) -> Artifact | None:
        """None: its caller deleted it, or its time is over."""
        try:
            job = self._services.jobs.get(job_id)
        except NotFound:
            return None
        return None if job.discarded or job.output is None else job.output.video

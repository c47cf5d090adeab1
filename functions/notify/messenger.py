"""Tells of videos that are under way: once, to who wants it, and nothing is kept of it. Knows no Flask."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from threading import BoundedSemaphore
from typing import Final

from functions.notify.postman import Postman
from shared.core import delivery, events, message, views
from shared.core.endpoint import Endpoint
from shared.core.errors import NotFound, TemporaryError
from shared.core.events import Event
from shared.core.job import JobState, Webhook
from shared.core.message import Message
from shared.core.rate import Rate
from shared.core.standing import Mark, Standing
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

AT_A_TIME: Final = 16
"""Words on their way from one process. What comes beside them is dropped: the next says more."""


RATES: Final = {events.TELL_STARTED: Rate(1, 86_400), events.TELL_PROGRESS: Rate(2, 20)}
"""Of one video. Two words of progress may come at once: events do not come as evenly as generate sends them."""


class Messenger:
    def __init__(self, services: Services, settings: Settings, postman: Postman) -> None:
        self._services = services
        self._settings = settings
        self._postman = postman
        self._places = BoundedSemaphore(AT_A_TIME)
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="word")

    def tell(self, event: Event) -> None:
        """Tell what generate says is worth it. Raises: Unavailable: A store is away.

        Anybody who reaches notify may have sent the event: it is a hint. What is told, under which id, and how often,
        is taken from the store.
        """
        told = str(event.data.get("tell"))
        try:
            standing = self._services.jobs.standing(event.subject)
        except NotFound:
            return
        job = standing.job
        if not _is_true(told, standing) or job.discarded:
            return
        endpoints = self._services.endpoints.of_tenant(job.tenant)
        hearers = list(delivery.hearers(job, endpoints, told))
        if not hearers or not self._services.rates.spend(f"{told}:{job.id}", RATES[told], need=1, want=1).granted:
            return
        word = self._word(told, standing, event.time)
        for webhook, endpoint in hearers:
            self._send(word, webhook, endpoint)

    def close(self) -> None:
        """Wait for the words that are on their way."""
        self._pool.shutdown()

    def _word(self, told: str, standing: Standing, said_at: datetime) -> Message:
        job, started = standing.job, told == events.TELL_STARTED
        number = 0 if started else Mark.of(standing).number
        at = min(max(said_at, job.changed_at), self._services.jobs.now())
        event = events.progressed(job, told, standing.progress, at, number)
        data = views.video(standing, base_url=self._settings.public_url)
        body = message.text(event_id=event.id, event_type=told, at=at, data=data)
        return Message(
            id=event.id, type=told, subject=job.id, created_at=at, extensions=event.extensions, body=body.encode()
        )

    def _send(self, word: Message, webhook: Webhook, endpoint: Endpoint | None) -> None:
        if not self._places.acquire(blocking=False):
            metrics.DELIVERIES.labels("dropped").inc()
            return
        # A bug is told in the log: nobody waits for the future.
        self._pool.submit(self._post, word, webhook, endpoint).add_done_callback(Future.result)

    def _post(self, word: Message, webhook: Webhook, endpoint: Endpoint | None) -> None:
        try:
            if endpoint is None or not (endpoint.must_be_asked or self._postman.wait(endpoint)):
                reply = self._postman.post(word, webhook, endpoint)
                metrics.DELIVERIES.labels("told" if reply.is_success else "dropped").inc()
        except TemporaryError as error:
            log.info("progress not told", extra={"job": word.subject, "error": error})
        finally:
            self._places.release()


def _is_true(told: str, standing: Standing) -> bool:
    """Whether that can be said of a video now. Its end is told by itself."""
    if standing.job.state is not JobState.RUNNING:
        return False
    if told == events.TELL_STARTED:
        return standing.job.attempts == 1
    return told == events.TELL_PROGRESS and standing.progress is not None

"""Tells of videos that are under way: once, to who wants it, and nothing is kept of it. Knows no Flask."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Final

from functions.notify.postman import Postman
from shared.core import delivery, events, message, views
from shared.core.endpoint import Endpoint
from shared.core.errors import NotFound, TemporaryError
from shared.core.events import Event
from shared.core.job import Webhook
from shared.core.message import Message
from shared.settings import Settings
from shared.telemetry import metrics
from shared.wiring import Services

log = logging.getLogger(__name__)

AT_A_TIME: Final = 16
"""Words on their way from one process. What comes beside them is dropped: the next says more."""


class Messenger:
    def __init__(self, services: Services, settings: Settings, postman: Postman) -> None:
        self._services = services
        self._settings = settings
        self._postman = postman
        self._places = BoundedSemaphore(AT_A_TIME)
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="word")

    def tell(self, event: Event) -> None:
        """Hand on what generate says of a video. Raises: Unavailable: The store is away."""
        told = event.data.get("tell")
        try:
            standing = self._services.jobs.standing(event.subject)
        except NotFound:
            return
        job = standing.job
        if job.state.is_final or job.discarded or told not in message.PASSING:
            return  # its end is told by itself
        data = views.video(standing, base_url=self._settings.public_url)
        body = message.text(event_id=event.id, event_type=told, at=event.time, data=data)
        word = Message(
            id=event.id,
            type=told,
            subject=job.id,
            created_at=event.time,
            extensions={name: event.extensions[name] for name in events.CONTEXT if name in event.extensions},
            body=body.encode(),
        )
        endpoints = self._services.endpoints.of_tenant(job.tenant)
        for webhook, endpoint in delivery.hearers(job, endpoints, told):
            self._send(word, webhook, endpoint)

    def close(self) -> None:
        """Wait for the words that are on their way."""
        self._pool.shutdown()

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

"""One callback: what is said, signed, sent once, and written down. Knows no Flask."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import timedelta
from typing import Final

from functions.notify.ledger import Ledger
from functions.notify.uploader import Uploader
from shared.core import delivery as deliveries
from shared.core import effects, message, views, web_hook
from shared.core.confidence import Confidence
from shared.core.delivery import Delivery, Kind, Reply
from shared.core.endpoint import Change, Consented, Endpoint, EndpointState, Heard, Left, Missed
from shared.core.errors import NotFound, Unavailable
from shared.core.job import Webhook
from shared.core.message import Message
from shared.core.sealing import Sealer
from shared.core.signing import PrivateKey
from shared.core.standing import Standing
from shared.core.upload import UploadHosts
from shared.settings import Settings
from shared.wiring import Services

log = logging.getLogger(__name__)

_UNREADABLE: Final = Reply(error="secret_unreadable")
"""The secret is sealed under a key that is not here. The endpoint's owner sees it, and a rotation mends it."""


class Postman:
    """Sends one delivery at a time; any thread may use it."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._settings = settings
        self._ledger = Ledger(services)
        self._uploader = Uploader(services, self._ledger, UploadHosts.of(settings.upload_hosts))
        self._origin = web_hook.origin(settings.public_url)
        self._sealer = Sealer(settings.webhook_keys)
        self._keys = [PrivateKey.of(key) for key in settings.webhook_signing_keys]

    def deliver(self, taken: Delivery) -> None:
        """One POST or PUT, and what it came to. Killed in between, it is sent again: same id, same bytes."""
        deliver = self._uploader.deliver if taken.kind is Kind.UPLOAD else self._deliver
        try:
            deliver(taken)
        except Unavailable as error:
            # Its hold will end, and it is due again.
            log.warning("%s not recorded", taken.kind, extra={"delivery": taken.id, "error": error})

    def _deliver(self, taken: Delivery) -> None:
        endpoint = self._endpoint(taken)
        if taken.endpoint_id is not None and (endpoint is None or endpoint.state is not EndpointState.ENABLED):
            self._ledger.drop(taken, "endpoint_deleted" if endpoint is None else "endpoint_disabled")
            return
        written = self._written(taken)
        if written is None:
            return  # somebody else has it by now
        began = time.monotonic()
        if endpoint is not None and endpoint.must_be_asked:
            answer = self._services.webhooks.ask(endpoint.url, web_hook.request(self._origin))
            if not answer.consents(self._origin):
                refused = Reply(error=answer.reply.error or web_hook.REFUSED, retry_after=answer.reply.retry_after)
                self._record(written, endpoint, refused, time.monotonic() - began)
                return
            consented = self._note(endpoint, Consented(endpoint.url, answer.allowed_rate))
            if consented is None or consented.must_be_asked or consented.state is not EndpointState.ENABLED:
                # It is another by now, or gone: looked at anew.
                self._ledger.postpone(written, timedelta(0))
                return
            endpoint = consented
        if endpoint is not None and (wait := self.wait(endpoint)):
            self._services.deliveries.keep(written, replace(written, due_at=self._services.jobs.now()), rest=wait)
            return
        reply = self._sent(written, endpoint)
        self._record(written, endpoint, reply, time.monotonic() - began)

    def wait(self, endpoint: Endpoint) -> timedelta:
        """Until the endpoint takes the next callback, at the rate that it allows."""
        if endpoint.allowed_rate is None:
            return timedelta(0)
        rate = web_hook.evenly(endpoint.allowed_rate)
        spending = self._services.rates.spend(web_hook.account(endpoint.id), rate, need=1, want=1)
        return timedelta(microseconds=spending.retry_after)

    def _endpoint(self, taken: Delivery) -> Endpoint | None:
        if taken.endpoint_id is None:
            return None
        try:
            return self._services.endpoints.get(taken.tenant, taken.endpoint_id)
        except NotFound:
            return None

    def _written(self, taken: Delivery) -> Delivery | None:
        """The delivery with its body, fixed before the first POST so that every try sends the same bytes."""
        if taken.body is not None:
            return taken
        data = {"id": taken.job_id, "object": "video"}
        try:
            job = self._services.jobs.get(taken.job_id)
        except NotFound:
            pass  # deleted by its owner; the end of the job is still told
        else:
            if not job.discarded:
                gone_at = job.finished_at + effects.kept(job, self._settings.retention) if job.finished_at else None
                data = views.video(Standing(job), base_url=self._settings.public_url, expires_at=gone_at)
        body = message.text(event_id=taken.event_id, event_type=taken.event_type, at=taken.created_at, data=data)
        return self._services.deliveries.fix(taken, body)

    def _sent(self, written: Delivery, endpoint: Endpoint | None) -> Reply:
        told = Message(
            id=written.event_id,
            type=written.event_type,
            subject=written.job_id,
            created_at=written.created_at,
            extensions=written.extensions,
            body=(written.body or "").encode(),
        )
        return self.post(told, Webhook(written.url, sealed=written.sealed), endpoint)

    def post(self, told: Message, webhook: Webhook, endpoint: Endpoint | None) -> Reply:
        """Once, signed now, with every secret that counts now; an endpoint's own URL goes before the webhook's."""
        at = self._services.jobs.now()
        try:
            own = self._opened(webhook)
            secrets = self._secrets(endpoint, own)
        except Unavailable as error:
            log.warning("callback not signed", extra={"job": told.subject, "error": error})
            return _UNREADABLE
        signed = message.signatures(told, secrets, self._keys, at)
        origin = self._origin if endpoint is not None and endpoint.handshake else None
        target = webhook.url if endpoint is None else endpoint.url
        headers = (*message.headers(told, signed, at, origin), *own.headers.items())
        return self._services.webhooks.post(target, headers, told.body)

    def _opened(self, webhook: Webhook) -> Confidence:
        """Raises: Unavailable: It cannot be opened."""
        return Confidence() if webhook.sealed is None else Confidence.opened(self._sealer, webhook.url, webhook.sealed)

    def _secrets(self, endpoint: Endpoint | None, own: Confidence) -> list[str]:
        """Raises: Unavailable: One cannot be opened."""
        if endpoint is None:
            return [own.secret or self._settings.webhook_secret]
        live = endpoint.live_secrets(self._services.jobs.now())
        return [self._sealer.open(secret.sealed, purpose=endpoint.purpose) for secret in live]

    def _record(self, written: Delivery, endpoint: Endpoint | None, reply: Reply, seconds: float) -> None:
        if endpoint is None:
            self._ledger.record(written, reply, seconds)
            return
        gone = reply.status == 410
        # Noted before it is recorded: so it is known whether the URL that is gone is still the endpoint's.
        now = self._note(endpoint, Left(endpoint.url)) if gone else endpoint
        moved = now is not None and now.url != endpoint.url
        self._ledger.record(written, reply, seconds, url=endpoint.url, moved=moved)
        if not gone and (change := _change(endpoint, reply)) is not None:
            self._note(endpoint, change)

    def _note(self, endpoint: Endpoint, change: Change) -> Endpoint | None:
        try:
            after = self._services.endpoints.apply(endpoint.tenant, endpoint.id, change)
        except NotFound:
            return None  # deleted meanwhile
        if after.state is not endpoint.state:
            log.warning("webhook endpoint disabled", extra={"endpoint": endpoint.id, "error": after.last_error})
        return after


def _change(endpoint: Endpoint, reply: Reply) -> Change | None:
    """What the endpoint has to note of a reply other than 410; nothing, if all is well as before."""
    if reply.is_success:
        return None if endpoint.failing_since is None else Heard(endpoint.url)
    return Missed(endpoint.url, deliveries.fault(reply))

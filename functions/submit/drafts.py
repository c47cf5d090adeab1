"""What callers ask for, as jobs that are not stored yet. Knows no Flask."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from functions.submit.handler import Videos
from shared.core import remix
from shared.core.access import Caller
from shared.core.aliases import Aside
from shared.core.bounds import Allowance, Policies
from shared.core.confidence import Confidence
from shared.core.errors import AddressRefused, InvalidRequest, NotFound, Problem
from shared.core.ids import new_job_id
from shared.core.job import Job, Webhook
from shared.core.request import Reading, VideoRequest, parse, resolve
from shared.core.sealing import NONCE_BYTES, Sealer
from shared.core.terms import Cache, Terms
from shared.core.trace import Trace
from shared.core.upload import UploadHosts
from shared.core.wish import MAX_SEED, CreateVideo, WebhookWish
from shared.settings import Settings
from shared.wiring import Services


@dataclass(frozen=True, slots=True)
class Manners:
    """How a body is to be read, as its request says beside it."""

    asides: Sequence[Aside] = ()
    lenient: bool = False
    """Unknown fields are no reason to refuse it."""
    trace: Trace = Trace()
    """What its caller calls the whole of which it is a part. It changes nothing about the video."""

    @property
    def reading(self) -> dict[str, Any]:
        """What of them decides how the body is read: the same for each try of one request."""
        return {"asides": [asdict(aside) for aside in self.asides], "lenient": self.lenient}


@dataclass(frozen=True, slots=True)
class Draft:
    """A job that can be accepted, and the fields that nobody knew and its caller did not want to hear of."""

    job: Job
    ignored: Sequence[str] = ()


class Drafts:
    """Reads bodies; stores nothing."""

    def __init__(self, services: Services, settings: Settings, videos: Videos) -> None:
        self._services = services
        self._settings = settings
        self._videos = videos
        self._sealer = Sealer(settings.webhook_keys)
        self._hosts = UploadHosts.of(settings.upload_hosts)
        self._policies = Policies(size=settings.size_policy, seconds=settings.seconds_policy)

    def of_body(self, caller: Caller, body: object, manners: Manners = Manners()) -> Draft:
        """The job that a body asks for.

        Raises:
            InvalidRequest: Naming every wrong field.
        """
        reading = self._read(caller, body, manners)
        if reading.wish.cache == Cache.USE and reading.wish.seed is None:
            detail = "use needs a seed: without one, every request is for another video"
            raise InvalidRequest(Problem("/cache", detail))
        seed = secrets.randbelow(MAX_SEED + 1)
        settings = self._settings
        request = resolve(
            reading.wish, models=settings.models, presets=settings.presets, seed=seed, usual=self._policies
        )
        return self._draft(caller, reading, request, _terms(reading.wish), manners)

    def of_remix(self, caller: Caller, job_id: str, body: object, manners: Manners) -> Draft:
        """A job that draws another prompt with the seed and everything else of `job_id`'s request.

        Who hears of its end, how long it may take and what it is labelled with are the new job's own.

        Raises:
            NotFound, InvalidRequest: As of `of_body`; also a field that the remixed video decides.
        """
        origin = self._videos.job(caller, job_id)
        reading = self._read(caller, body, manners)
        if decided := remix.decided(reading.wish):
            raise InvalidRequest(*(Problem(where, "is that of the video that is remixed") for where in decided))
        if origin.request.model not in self._settings.models:
            raise InvalidRequest(Problem("/model", f"{origin.request.model}, which drew {job_id}, is not offered now"))
        if origin.request.preset not in self._settings.presets:
            raise InvalidRequest(
                Problem("/preset", f"{origin.request.preset}, as {job_id} was drawn, is not offered now")
            )
        request = replace(origin.request, prompt=reading.wish.prompt)
        terms = replace(_terms(reading.wish), crf=origin.terms.crf, asked_seconds=origin.terms.asked_seconds)
        return self._draft(caller, reading, request, terms, manners, remixed_from=job_id)

    def _read(self, caller: Caller, body: object, manners: Manners) -> Reading:
        settings = self._settings
        return parse(
            body,
            models=settings.models,
            presets=settings.presets,
            model_aliases=settings.model_aliases,
            asides=manners.asides,
            allowance=Allowance(
                most_urgent=caller.most_urgent, queue_ttl=settings.queue_ttl, result_ttl=settings.retention
            ),
            usual=self._policies,
            lenient=manners.lenient,
        )

    def _draft(
        self,
        caller: Caller,
        reading: Reading,
        request: VideoRequest,
        terms: Terms,
        manners: Manners,
        *,
        remixed_from: str | None = None,
    ) -> Draft:
        wish = reading.wish
        webhook, endpoint, upload_url = self._webhook(wish), self._endpoint(caller, wish), self._upload(wish)
        now = self._services.jobs.now()
        job = Job(
            id=new_job_id(now),
            tenant=caller.tenant,
            request=request,
            webhook=webhook,
            webhook_endpoint=endpoint,
            upload_url=upload_url,
            metadata=wish.metadata,
            terms=terms,
            remixed_from=remixed_from,
            traceparent=manners.trace.parent,
            tracestate=manners.trace.state,
            created_at=now,
            queued_at=now,
            changed_at=now,
            expires_at=now + (_span(wish.queue_ttl_seconds) or self._settings.queue_ttl),
            max_losses=self._settings.max_losses,
        )
        return Draft(job, reading.ignored)

    def _webhook(self, wish: CreateVideo) -> Webhook | None:
        if wish.webhook is None:
            return None
        try:
            self._services.webhooks.check(wish.webhook.url)
        except AddressRefused as error:
            raise InvalidRequest(Problem("/webhook/url", str(error)), code="ssrf_blocked") from None
        return Webhook(url=wish.webhook.url, events=tuple(wish.webhook.events), sealed=self._sealed(wish.webhook))

    def _sealed(self, wish: WebhookWish) -> str | None:
        given = Confidence(wish.secret, wish.headers)
        if not given:
            return None
        if not self._sealer.can_seal:
            where = "/webhook/headers" if wish.secret is None else "/webhook/secret"
            detail = "cannot be kept here: the platform's owner has set no WEBHOOK_KEY to seal it with"
            raise InvalidRequest(Problem(where, detail), code="unsupported_feature")
        return given.sealed(self._sealer, wish.url, secrets.token_bytes(NONCE_BYTES))

    def _upload(self, wish: CreateVideo) -> str | None:
        """Whether it can be written there is seen when there is something to write."""
        where, url = "/output/upload_url", None if wish.output is None else wish.output.upload_url
        if url is None:
            return None
        if not self._hosts:
            detail = "videos are sent nowhere here (UPLOAD_HOSTS): fetch this one from /v1/videos/{id}/content"
            raise InvalidRequest(Problem(where, detail), code="unsupported_feature")
        if not self._hosts.allow(url):
            raise InvalidRequest(
                Problem(where, f"must lead to {', '.join(self._hosts.names)}: no other host is allowed")
            )
        try:
            self._services.webhooks.check(url)
        except AddressRefused as error:
            raise InvalidRequest(Problem(where, str(error)), code="ssrf_blocked") from None
        return url

    def _endpoint(self, caller: Caller, wish: CreateVideo) -> str | None:
        """Disabled or not: it may be enabled by then."""
        if wish.webhook_endpoint is None:
            return None
        try:
            return self._services.endpoints.get(caller.tenant, wish.webhook_endpoint).id
        except NotFound:
            raise InvalidRequest(Problem("/webhook_endpoint", "is the id of none of your webhook endpoints")) from None


def _terms(wish: CreateVideo) -> Terms:
    usual = Terms()
    return Terms(
        priority=wish.priority or usual.priority,
        preview=wish.preview is not None,
        preview_every=usual.preview_every if wish.preview is None else timedelta(seconds=wish.preview.every),
        crf=usual.crf if wish.output is None or wish.output.crf is None else wish.output.crf,
        cache=Cache(wish.cache or usual.cache),
        asked_seconds=wish.seconds,
        timeout=_span(wish.timeout_seconds),
        result_ttl=_span(wish.result_ttl_seconds),
    )


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)

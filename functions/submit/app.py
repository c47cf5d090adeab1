"""submit: the public API. A Flask face over handler.py."""

from __future__ import annotations

from typing import Final

from flask import Flask

from functions import kit
from functions.submit import door, doorkeeper, limits
from functions.submit.batch_routes import batch_routes
from functions.submit.batches import Batches
from functions.submit.content_routes import content_routes
from functions.submit.contents import Contents
from functions.submit.creation_routes import creation_routes
from functions.submit.dead_letter_routes import dead_letter_routes
from functions.submit.deliveries import Deliveries
from functions.submit.delivery_routes import delivery_routes
from functions.submit.document_routes import document_routes
from functions.submit.drafts import Drafts
from functions.submit.endpoint_routes import endpoint_routes
from functions.submit.endpoints import Endpoints
from functions.submit.estimate_routes import estimate_routes
from functions.submit.estimates import Estimates
from functions.submit.event_routes import event_routes
from functions.submit.following import Follower
from functions.submit.forecasts import Forecasts
from functions.submit.handler import Videos
from functions.submit.herald import Herald
from functions.submit.inbox import Inbox
from functions.submit.key_routes import key_routes
from functions.submit.limiter import Limiter
from functions.submit.live import Live
from functions.submit.live_routes import live_routes
from functions.submit.locksmith import Locksmith
from functions.submit.lookout import Lookout
from functions.submit.model_routes import model_routes
from functions.submit.preview_routes import preview_routes
from functions.submit.queue_keeper import QueueKeeper
from functions.submit.queue_routes import queue_routes
from functions.submit.redriver import Redriver
from functions.submit.request_keys import RequestKeys
from functions.submit.steering import Steering
from functions.submit.steering_routes import steering_routes
from functions.submit.unsupported_routes import unsupported_routes
from functions.submit.video_routes import video_routes
from functions.submit.web_routes import web_routes
from shared import wiring
from shared.settings import Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services

CRIERS: Final = 2
"""How many tell of purged videos at a time, beside who rings for new ones: no bell waits behind a thousand ends."""


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI app; gunicorn calls it without arguments."""
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    services = services or wiring.build(settings)
    app = kit.create_app(__name__, ping=services.ping)
    door.guard(app, doorkeeper.of(settings, services))
    limits.limit(app, Limiter(services.rates), create=settings.rate_limit_create, other=settings.rate_limit)
    forecasts = Forecasts(services, settings)
    herald = Herald(services.announce)
    kit.at_parting(app, herald.finish)
    videos = Videos(services, settings, forecasts, herald.announce)
    keys = RequestKeys(settings.idempotency, settings.retry_window)
    drafts = Drafts(services, settings, videos)
    contents = Contents(services, settings, videos)
    each = settings.max_watchers_per_tenant
    lookout = Lookout(services.jobs, services.changes, videos.shown, kit.drain_of(app), each=each)
    follower, live = Follower(videos, lookout), Live(videos, lookout, settings.request_timeout)
    for routes in (
        creation_routes(videos, drafts, keys, follower, live),
        batch_routes(Batches(videos, drafts), keys, most=settings.batch_limit),
        video_routes(videos, follower),
        live_routes(live),
        content_routes(contents),
        preview_routes(contents),
        estimate_routes(Estimates(drafts, forecasts, settings)),
        unsupported_routes(),
        steering_routes(Steering(services, settings, videos), keys),
        event_routes(Inbox(videos, drafts, keys)),
        queue_routes(QueueKeeper(services, Herald(services.announce, voices=CRIERS).announce)),
        dead_letter_routes(Redriver(services)),
        model_routes(settings),
        endpoint_routes(Endpoints(services, settings), keys),
        delivery_routes(Deliveries(services, videos)),
        key_routes(Locksmith(services.api_keys, settings.key_peppers), services.api_keys),
        document_routes(app, settings),
        web_routes(settings),
    ):
        app.register_blueprint(routes)
    return app

"""submit: the public API. A Flask face over handler.py."""

from __future__ import annotations

from flask import Flask

from functions import kit
from functions.submit import door
from functions.submit.client_routes import client_routes
from functions.submit.event_routes import event_routes
from functions.submit.handler import Videos
from functions.submit.inbox import Inbox
from functions.submit.request_keys import RequestKeys
from functions.submit.video_routes import video_routes
from shared import wiring
from shared.core.access import Keyring
from shared.settings import Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI app; gunicorn calls it without arguments."""
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    services = services or wiring.build(settings)
    app = kit.create_app(__name__, ping=services.ping)
    door.guard(app, Keyring(settings.api_keys), settings.event_token)
    videos, keys = Videos(services, settings), RequestKeys(settings.idempotency)
    app.register_blueprint(video_routes(videos, keys))
    app.register_blueprint(client_routes(videos, keys))
    app.register_blueprint(event_routes(Inbox(videos, keys)))
    return app

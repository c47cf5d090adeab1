"""submit: the public API. A Flask face over handler.py."""

from __future__ import annotations

from flask import Flask

from functions import kit
from functions.submit import door
from functions.submit.following import Follower
from functions.submit.handler import Videos
from functions.submit.model_routes import model_routes
from functions.submit.queue_routes import queue_routes
from functions.submit.steering import Steering
from functions.submit.steering_routes import steering_routes
from functions.submit.unsupported_routes import unsupported_routes
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
    door.guard(app, Keyring(settings.api_keys))
    videos = Videos(services, settings)
    app.register_blueprint(video_routes(videos, Follower(videos, kit.drain_of(app))))
    app.register_blueprint(unsupported_routes())
    app.register_blueprint(steering_routes(Steering(services, settings, videos)))
    app.register_blueprint(queue_routes(services.jobs))
    app.register_blueprint(model_routes(settings))
    return app

"""notify: hears that a job ended or gets on, or that callbacks are due. A Flask face over two handlers."""

from __future__ import annotations

from flask import Flask

from functions import kit
from functions.notify.handler import Courier
from functions.notify.messenger import Messenger
from functions.notify.postman import Postman
from shared import wiring
from shared.core.events import PROGRESS
from shared.settings import BadSetting, Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI app; gunicorn calls it without arguments."""
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    if not settings.webhook_secret:
        raise BadSetting("WEBHOOK_SECRET: must be set where notify runs; it signs every callback")
    # Most callbacks need no artifacts: only those who want a video sent somewhere pay for boto3.
    services = services or wiring.build(settings, broker=False, late=True)
    app = kit.create_app(__name__, ping=services.jobs.ping)
    postman = Postman(services, settings)
    courier = Courier(services, settings, kit.drain_of(app), postman)
    messenger = Messenger(services, settings, postman)
    kit.on_event(app, "/", lambda event: messenger.tell(event) if event.type == PROGRESS else courier.run())
    return app

"""recover: woken every minute, and the sink of dead letters. A Flask face over handler.py."""

from __future__ import annotations

from flask import Flask

from functions import kit
from functions.recover.handler import Sweeper
from shared import wiring
from shared.settings import Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI app; gunicorn calls it without arguments."""
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    services = services or wiring.build(settings)
    app = kit.create_app(__name__, ping=services.jobs.ping)
    sweeper = Sweeper(services, settings)
    kit.on_event(app, "/", lambda _: sweeper.sweep())
    kit.on_event(app, "/dead-letters", sweeper.bury)
    return app

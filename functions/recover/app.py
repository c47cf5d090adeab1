"""recover: woken every minute, and the sink of dead letters. A Flask face over handler.py."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

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
    app.add_url_rule("/dead-letters", "dead-letters", lambda: _bury(sweeper), methods=["POST"])
    return app


def _bury(sweeper: Sweeper) -> Response:
    """Take whatever the Broker gave up on. Only a store that is away refuses it: what is refused for good is lost."""
    try:
        body = kit.body()
    except RequestEntityTooLarge:
        body = b""
    sweeper.bury(request.headers, body)
    return Response(status=200)

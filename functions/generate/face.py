"""A Flask face over handler.py."""

from __future__ import annotations

import time

from flask import Flask

from functions import kit
from functions.generate.awakening import Awakening
from functions.generate.engine import VideoEngine
from functions.generate.handler import Painter
from functions.generate.patience import Patience
from functions.generate.provenance import seal_of
from functions.generate.workfolder import sweep
from shared import wiring
from shared.settings import Settings
from shared.wiring import Services


def create_app(
    settings: Settings, engine: VideoEngine, *, services: Services | None = None, patience: Patience | None = None
) -> Flask:
    """The engine's app, with the engine set up.

    Raises: BadSetting, UnsafeServer, ModelUnavailable.
    """
    sweep()
    seal = seal_of(settings)
    services = services or wiring.build(settings)
    started = time.monotonic()
    engine.setup()
    awakening = Awakening(time.monotonic() - started)
    app = kit.create_app(__name__, ping=services.ping)
    drain = kit.drain_of(app)
    painter = Painter(services, engine, settings, drain=drain, patience=patience, awakening=awakening, seal=seal)
    kit.on_event(app, "/", lambda _: painter.serve())
    return app

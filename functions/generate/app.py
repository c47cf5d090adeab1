"""generate: woken by events, draws what is queued. A Flask face over handler.py."""

from __future__ import annotations

import importlib
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
from shared.settings import BadSetting, Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services

MOCHI = "functions.generate.mochi.engine:MochiEngine"


def create_app(
    settings: Settings | None = None,
    services: Services | None = None,
    engine: VideoEngine | None = None,
    patience: Patience | None = None,
) -> Flask:
    """The WSGI app; gunicorn calls it without arguments, in its worker: CUDA must not be forked.

    Returns when the model is loaded, so a process that answers is ready to draw.
    """
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    sweep()
    seal = seal_of(settings)
    services = services or wiring.build(settings)
    engine = engine or load_engine(settings)
    started = time.monotonic()
    engine.setup()
    awakening = Awakening(time.monotonic() - started)
    app = kit.create_app(__name__, ping=services.ping)
    drain = kit.drain_of(app)
    painter = Painter(services, engine, settings, drain=drain, patience=patience, awakening=awakening, seal=seal)
    kit.on_event(app, "/", lambda _: painter.serve())
    return app


def load_engine(settings: Settings) -> VideoEngine:
    """The engine that ENGINE names: a class made from the settings.

    Raises: BadSetting: There is no such class.
    """
    module, _, name = (MOCHI if settings.engine == "mochi" else settings.engine).partition(":")
    try:
        maker = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise BadSetting(f"ENGINE: must be mochi or module:Class, not {settings.engine!r} ({error})") from None
    if not isinstance(maker, type):
        raise BadSetting(f"ENGINE: must be mochi or module:Class, and {settings.engine!r} is no class")
    engine: VideoEngine = maker(settings)
    return engine

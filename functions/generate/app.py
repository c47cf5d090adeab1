"""generate: woken by events, draws what is queued. What gunicorn starts: the engine is made first, and all else after.

An engine that has weights asks the disk for them when it is made, and everything else takes long to import: so nothing
that does stands up here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from shared.settings import BadSetting, Settings
from shared.telemetry import log as log_lines

if TYPE_CHECKING:
    from flask import Flask

    from functions.generate.engine import VideoEngine
    from functions.generate.patience import Patience
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
    engine = engine or load_engine(settings)
    from functions.generate import face  # Flask, the stores' clients, codecs: the disk is busy meanwhile

    return face.create_app(settings, engine, services=services, patience=patience)


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

"""The least that Flask can do: what the API's routes are compared with, on the same gunicorn."""

from __future__ import annotations

from threading import Event
from typing import Any

from flask import Flask, Response, jsonify


class _NoInflow:
    """What gunicorn.conf.py expects of an app, with nothing behind it."""

    def begin(self, request: Any) -> None: ...

    def end(self, request: Any) -> None: ...

    def refuse(self, *broken: Any) -> None: ...


def create_app() -> Flask:
    app = Flask("bare", static_folder=None)
    app.extensions |= {"drain": Event(), "inflow": _NoInflow()}
    app.add_url_rule("/readyz", "readyz", lambda: Response("ok\n"))
    app.add_url_rule("/bare", "bare", lambda: jsonify({"status": "queued"}))
    return app

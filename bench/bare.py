"""The least that Flask can do: what the API's routes are compared with, on the same gunicorn."""

from __future__ import annotations

from threading import Event

from flask import Flask, Response, jsonify


def create_app() -> Flask:
    app = Flask("bare", static_folder=None)
    app.extensions["drain"] = Event()
    app.add_url_rule("/readyz", "readyz", lambda: Response("ok\n"))
    app.add_url_rule("/bare", "bare", lambda: jsonify({"status": "queued"}))
    return app

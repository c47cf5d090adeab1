"""Callers who look at nothing before all is told that their requests brought about."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient


class Patient(FlaskClient):
    def open(self, *words: Any, **named: Any) -> Any:
        answer = super().open(*words, **named)
        for finish in self.application.extensions["parting"]:
            finish()
        return answer


def patient(app: Flask) -> Flask:
    """`app`, whose test clients are patient."""
    app.test_client_class = Patient
    return app

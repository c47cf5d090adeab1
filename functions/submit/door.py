"""Who is calling, and whether he may: nothing is told, not even which paths exist, before a valid key was shown."""

from __future__ import annotations

from flask import Flask, Response, g, request

from functions import kit
from shared.core import problems
from shared.core.access import Caller, Keyring, Scope


def guard(app: Flask, keyring: Keyring) -> None:
    """Let only the probes pass without a key; `caller` then says whose it was."""

    @app.before_request
    def authenticate() -> Response | None:
        if request.endpoint in kit.PROBES:
            return None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = keyring.caller(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            return _refused()
        g.caller = found
        if request.endpoint is not None:  # where nothing is, 404 and 405 are nobody's secret
            found.needs(_scope())
        return None


def caller() -> Caller:
    """Whose key this request showed."""
    found: Caller = g.caller
    return found


def _scope() -> Scope:
    """What this request needs: derived from its method, so that a new route is not open by mistake."""
    if request.endpoint == "metrics":
        return Scope.ADMIN
    return Scope.READ if request.method in ("GET", "HEAD", "OPTIONS") else Scope.WRITE


def _refused() -> Response:
    detail = "send a valid API key as 'Authorization: Bearer fb_...'"
    response = kit.answer(problems.Answer(status=401, code="invalid_api_key", detail=detail))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response

"""Who is calling, and whether he may: nothing is told of anybody's work before a valid key was shown."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, request

from functions import kit
from functions.submit.doorkeeper import Credentials, Doorkeeper
from functions.submit.guarded_stream import GuardedStream
from shared.core import problems
from shared.core.access import Caller, Scope

EVENTS: Final = "events"
"""The blueprint whose routes the event token opens too."""
DOCUMENT: Final = "document"
"""The blueprint of the pages about the API itself. They tell nothing of any tenant."""
WEB: Final = "web"
"""The blueprint of the page for people, which is the same for everybody: what it shows it asks for with a key."""
OPEN: Final = kit.PROBES | {
    f"{DOCUMENT}.document",
    f"{DOCUMENT}.page",
    f"{DOCUMENT}.keys",
    f"{WEB}.index",
    f"{WEB}.asset",
}
"""The endpoints that nobody needs a key for."""
ADMIN: Final = "/admin/"
"""The routes of the platform's owner."""
METRICS: Final = "/metrics"
STREAM: Final = "text/event-stream"
API_KEY: Final = "X-API-Key"
TOKEN: Final = "X-Flipbook-Event-Token"  # noqa: S105 - the name of a header


def guard(app: Flask, keeper: Doorkeeper) -> None:
    """Let only the probes, the documentation and the page pass without a key; `caller` then says whose it was."""

    @app.before_request
    def authenticate() -> Response | None:
        if request.endpoint in OPEN:
            return None
        shown = _credentials()
        found = keeper.admitted(shown)
        if found is None:
            return _refused()
        g.caller = found
        g.is_welcome = lambda: keeper.admitted(shown) == found
        if request.endpoint is not None:  # where nothing is, 404 and 405 are nobody's secret
            found.needs(needed(request.method, request.path, request.blueprint))
        return None

    @app.after_request
    def watch(response: Response) -> Response:
        """A stream may outlive its key: nothing is told to who would no longer come in."""
        if response.mimetype == STREAM and "is_welcome" in g:
            response.response = GuardedStream(response.response, g.is_welcome)
        return response


def caller() -> Caller:
    """Whose key this request showed."""
    found: Caller = g.caller
    return found


def needed(method: str, path: str, blueprint: str | None) -> Scope:
    """What a request needs: derived from its method, so that a new route is not open by mistake."""
    if path == METRICS or path.startswith(ADMIN):
        return Scope.ADMIN
    if blueprint == EVENTS:
        return Scope.WRITE  # the handshake too: it asks whether events may come
    return Scope.READ if method in ("GET", "HEAD", "OPTIONS") else Scope.WRITE


def _credentials() -> Credentials:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return Credentials(
        bearer=bearer.strip() if scheme.lower() == "bearer" else None,
        key=request.headers.get(API_KEY, ""),
        event_token=request.headers.get(TOKEN, ""),
        sends_events=request.blueprint == EVENTS,
    )


def _refused() -> Response:
    detail = "send a valid API key as 'Authorization: Bearer fb_...' or 'X-API-Key: fb_...'"
    response = kit.answer(problems.Answer(status=401, code="invalid_api_key", detail=detail))
    response.headers["WWW-Authenticate"] = "Bearer"
    return response

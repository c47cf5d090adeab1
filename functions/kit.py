"""The one shape of our Flask apps: probes, metrics, errors to answers, events in."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from threading import Event as Flag
from typing import Any, Final, cast

from flask import Flask, Response, current_app, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
)

from functions.inflow import BODY_S, Inflow
from shared.core import problems, wire
from shared.core.errors import FlipbookError, Limited, TemporaryError
from shared.core.events import Event
from shared.core.operation import Operation, Payload, Reply
from shared.telemetry import metrics

log = logging.getLogger(__name__)

PROBES: Final = frozenset({"healthz", "readyz"})
"""Endpoints that nobody needs a key for."""
_TEXT: Final = Payload(media=("text/plain",))
MAX_BODY: Final = 64 * 1024
"""Bytes; also the size of event that CloudEvents 1.0 asks every receiver to take."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that are counted by name. gunicorn hands on any token, and anybody can make up more."""
_CODES: Final = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "payload_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
}


class _App(Flask):
    """None of our views is a coroutine, and Flask would look at each function of each request again."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(name: str, *, ping: Callable[[], None]) -> Flask:
    """An app with probes, metrics, request ids and error answers; `ping` raises while it is not ready.

    The probes have two names each: Kubernetes' own, and those that `func` asks for unless it is told others.
    `app.extensions["drain"]` is set once the process was told to stop (gunicorn.conf.py).
    """
    app = _App(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1  # a body without a length is cut there, and nobody is told
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers read in the order of the docs
    app.extensions["drain"] = Flag()
    app.extensions["inflow"] = Inflow()
    app.extensions["parting"] = []
    app.extensions["unready"] = ""
    ready = _READY(lambda: _readyz(ping))
    for path in ("/healthz", "/health/liveness"):
        app.add_url_rule(path, "healthz", _healthz)
    for path in ("/readyz", "/health/readiness"):
        app.add_url_rule(path, "readyz", ready)
    app.add_url_rule("/metrics", "metrics", _metrics)
    app.before_request(_name_request)
    app.after_request(_finish_response)
    app.register_error_handler(FlipbookError, _flipbook_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)
    return app


def drain_of(app: Flask) -> Flag:
    """The flag that is set on SIGTERM."""
    return cast("Flag", app.extensions["drain"])


def at_parting(app: Flask, do: Callable[[], object]) -> None:
    """`do` this when the last request is answered and the process is about to go; it must not take long."""
    app.extensions["parting"].append(do)


def body() -> bytes:
    """The request's body.

    Raises:
        RequestEntityTooLarge, BadRequest: It broke off, or is not chunked as it says.
        RequestTimeout: It did not come in time (functions/inflow.py).
    """
    try:
        data = request.get_data()
    except ClientDisconnected as error:
        if isinstance(error.__context__, TimeoutError):
            raise RequestTimeout(f"the body must have come within {BODY_S} seconds") from None
        raise BadRequest("the body broke off, or is not chunked as it says") from None
    if len(data) > MAX_BODY:
        raise RequestEntityTooLarge
    return data


def on_event(app: Flask, path: str, handle: Callable[[Event], None]) -> None:
    """Take CloudEvents at `path`. A 2xx answer has no body: Knative takes any other for a failure.

    400 for what is no CloudEvent (never retried); 429 and 503 are retried. Never 404 or 409,
    which Knative retries too.
    """

    def receive() -> Response:
        handle(wire.from_http(request.headers, body()))
        return Response(status=200)

    app.add_url_rule(path, f"event {path}", receive, methods=["POST"])


def answer(error: problems.Answer) -> Response:
    response = jsonify(error.body() | {"instance": request.path})
    response.status_code = error.status
    response.content_type = problems.CONTENT_TYPE
    response.headers.update(error.headers())
    return response


@Operation(id="isAlive", summary="Whether the process lives", replies={200: Reply("It does.", _TEXT)})
def _healthz() -> Response:
    return Response("ok\n", mimetype="text/plain")


_READY: Final = Operation(
    id="isReady",
    summary="Whether it can serve",
    about="Each store is asked. 503 in plain text: it was told to stop.",
    replies={200: Reply("It can.", _TEXT)},
    errors=("store_unavailable",),
)


def _readyz(ping: Callable[[], None]) -> Response:
    if drain_of(current_app).is_set():
        return Response("stopping\n", status=503, mimetype="text/plain")
    ping()
    current_app.extensions["unready"] = ""
    return Response("ok\n", mimetype="text/plain")


@Operation(
    id="getMetrics",
    summary="Numbers for Prometheus",
    replies={200: Reply("In the text format of Prometheus.", _TEXT)},
)
def _metrics() -> Response:
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _name_request() -> None:
    g.request_id = f"req_{secrets.token_hex(12)}"


def _finish_response(response: Response) -> Response:
    # The route's template, not the path: ids in labels would have no bound, and no more have invented methods.
    route = request.url_rule.rule if request.url_rule else "(none)"
    method = request.method if request.method in _METHODS else "other"
    metrics.REQUESTS.labels(method, route, response.status_code).inc()
    response.headers["x-request-id"] = g.request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")
    if not response.is_streamed and not response.get_data():
        response.headers.pop("Content-Type", None)  # of nothing
    return response


def _flipbook_error(error: FlipbookError) -> Response:
    found = problems.of(error)
    # A server that is set up wrongly is nobody's request's fault either: the operator must hear of it.
    told = isinstance(error, TemporaryError) and not isinstance(error, Limited)
    if (told or found.status >= 500) and not _known(error):
        log.warning("request not served", extra={"route": request.path, "error": error})
    return answer(found)


def _known(error: FlipbookError) -> bool:
    """Whether the probe before told the same; they come many times a second."""
    if request.endpoint != "readyz":
        return False
    before, current_app.extensions["unready"] = current_app.extensions["unready"], str(error)
    return bool(before == str(error))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    detail = error.description or ""
    if status == 413:
        no_files = "; files are not taken here" if request.mimetype == "multipart/form-data" else ""
        detail = f"the body must be at most {MAX_BODY // 1024} KiB{no_files}"
    response = answer(problems.Answer(status=status, code=_CODES.get(status, "invalid_request"), detail=detail))
    for name, value in error.get_headers():
        if name in ("Allow", "Content-Range"):
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Response:
    log.error("a bug", exc_info=error, extra={"route": request.url_rule})
    detail = f"something went wrong here that is not your doing; name {g.request_id} when you report it"
    return answer(problems.Answer(status=500, code="internal_error", detail=detail))

"""submit: the public API. A Flask face over handler.py."""

from __future__ import annotations

import json
import logging

from flask import Flask, Response, g, jsonify, redirect, request
from werkzeug.datastructures import Range
from werkzeug.exceptions import RequestedRangeNotSatisfiable, UnsupportedMediaType
from werkzeug.wrappers import Response as BaseResponse

from functions import kit
from functions.submit.handler import Content, Videos
from shared import wiring
from shared.core import problems
from shared.core.access import Caller, Keyring
from shared.core.errors import InvalidRequest, Problem
from shared.settings import Settings
from shared.telemetry import log as log_lines
from shared.wiring import Services

log = logging.getLogger(__name__)

MAX_PAGE = 100


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The WSGI app; gunicorn calls it without arguments."""
    settings = settings or Settings.from_env()
    log_lines.set_up(settings.log_level)
    services = services or wiring.build(settings)
    keyring = Keyring(settings.api_keys)
    app = kit.create_app(__name__, ping=services.ping)
    app.before_request(lambda: _authenticate(keyring))
    _routes(app, Videos(services, settings))
    return app


def _routes(app: Flask, videos: Videos) -> None:
    @app.post("/v1/videos")
    def create() -> Response:
        video = videos.create(_caller(), _json())
        response = jsonify(video)
        response.status_code = 202
        response.headers["Location"] = f"/v1/videos/{video['id']}"
        # OpenAI's clients read the pace of their polling from here.
        response.headers["openai-poll-after-ms"] = "1000"
        return response

    @app.get("/v1/videos")
    def page() -> Response:
        limit, ascending = _page_arguments()
        return jsonify(videos.list(_caller(), limit=limit, after=request.args.get("after"), ascending=ascending))

    @app.get("/v1/videos/<job_id>")
    def get(job_id: str) -> Response:
        return jsonify(videos.get(_caller(), job_id))

    @app.delete("/v1/videos/<job_id>")
    def delete(job_id: str) -> Response:
        return jsonify(videos.delete(_caller(), job_id))

    @app.get("/v1/videos/<job_id>/content")
    def content(job_id: str) -> BaseResponse:
        found = videos.content(_caller(), job_id, request.args.get("variant", "video"))
        return redirect(found.link) if found.link else _send(videos, found)


def _authenticate(keyring: Keyring) -> Response | None:
    """Before routing errors are told: who has no key learns nothing, not even which paths exist."""
    if request.endpoint in kit.PROBES:
        return None
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = keyring.caller(token.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        detail = "send a valid API key as 'Authorization: Bearer fb_...'"
        response = kit.answer(problems.Answer(status=401, code="invalid_api_key", detail=detail))
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    g.caller = caller
    return None


def _caller() -> Caller:
    caller: Caller = g.caller
    return caller


def _json() -> object:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("the body must be JSON, sent with Content-Type: application/json")
    try:
        body: object = json.loads(kit.body(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InvalidRequest(Problem("", "the body is not valid JSON"), code="invalid_request") from None
    return body


def _no_number(word: str) -> None:
    """Python reads NaN and Infinity; JSON (RFC 8259) knows neither."""
    raise ValueError(word)


def _page_arguments() -> tuple[int, bool]:
    found = []
    limit, order = request.args.get("limit", "20"), request.args.get("order", "desc")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MAX_PAGE:
        found.append(Problem("/limit", f"must be a whole number from 1 to {MAX_PAGE}"))
    if order not in ("asc", "desc"):
        found.append(Problem("/order", "must be asc or desc"))
    if found:
        raise InvalidRequest(*found)
    return int(limit), order == "asc"


def _send(videos: Videos, content: Content) -> Response:
    artifact = content.artifact
    part = _part(request.range, artifact.bytes)
    start, end = part or (0, artifact.bytes)
    body = videos.bytes(artifact, start, end) if request.method == "GET" else iter(())
    response = Response(body, status=206 if part else 200, content_type=artifact.content_type)
    response.content_length = end - start
    response.accept_ranges = "bytes"
    response.set_etag(artifact.sha256)
    response.headers["Content-Disposition"] = f'inline; filename="{content.filename}"'
    if part:
        response.content_range.set(start, end, artifact.bytes)
    return response


def _part(wanted: Range | None, length: int) -> tuple[int, int] | None:
    """The one range of bytes that is asked for; None: the whole, also for what we do not serve (RFC 9110, 14.2).

    Raises: RequestedRangeNotSatisfiable.
    """
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) > 1:
        return None
    bounds = wanted.range_for_length(length)
    if bounds is None:
        raise RequestedRangeNotSatisfiable(length, description=f"the video has {length} bytes")
    return bounds

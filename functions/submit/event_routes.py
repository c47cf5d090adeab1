"""POST / and /v1/events: videos asked for, and cancelled, by CloudEvents.

Answers as Knative reads them: 202 without a body once the job is stored, 429 and 503 for "again
later", any other 4xx for the dead letters; never 404 or 409, which it would repeat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from functions import kit
from functions.submit.door import EVENTS, caller
from functions.submit.inbox import Inbox
from functions.submit.limits import charge
from shared.core import wire, wire_batch
from shared.core.events import Event
from shared.core.operation import Argument, Operation, Payload, Reply

PATHS: Final = ("/", "/v1/events")
_TAKEN: Final = (wire.STRUCTURED, wire_batch.BATCH, "application/json", "")
_ORIGIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""A DNS name."""
_RATE: Final = re.compile(r"[1-9][0-9]{0,8}")
_RECEIVE: Final = Operation(
    id="sendEvent",
    summary="Ask for videos, or cancel them, by CloudEvents",
    about="In binary, structured or batch mode. An event that was sent before is accepted again and draws nothing.",
    arguments=(Argument("Prefer", "`reply`: answer one event with an event.", place="header"),),
    body=Payload(media=_TAKEN[:3]),
    replies={
        200: Reply("The event `dev.flipbook.video.accepted.v1`, for who prefers a reply.", Payload(media=_TAKEN[:1])),
        202: Reply("What it asks for is stored."),
    },
    errors=(wire.CODE, "unsupported_feature", "ssrf_blocked", "queue_full"),
    as_400=("idempotency_mismatch",),  # whatever is wrong with an event is 400
)
_GREET: Final = Operation(
    id="greet",
    summary="Whether events may be sent",
    about="The handshake of CloudEvents' web hooks.",
    replies={200: Reply("They may.", headers=("Allow", "WebHook-Allowed-Origin", "WebHook-Allowed-Rate"))},
)


def event_routes(inbox: Inbox) -> Blueprint:
    routes = Blueprint(EVENTS, __name__)

    @_RECEIVE
    def receive() -> Response:
        batch = request.mimetype == wire_batch.BATCH
        found = _events()
        charge(len(found))
        job_ids = inbox.receive(caller(), found, batch=batch)
        if not batch and _wants_reply() and (job_id := job_ids[0]) and (event := inbox.accepted(caller(), job_id)):
            return Response(wire.to_text(event), status=200, content_type=wire.STRUCTURED)
        return Response(status=202)  # Knative takes any body here for a failure

    @_GREET
    def greet() -> Response:
        """The handshake of CloudEvents' web hooks: whoever may come in may send, at any rate."""
        response = Response(status=200)
        response.headers["Allow"] = "GET, HEAD, POST, OPTIONS" if request.path == "/" else "POST, OPTIONS"  # the page
        response.headers["WebHook-Allowed-Origin"] = _asked("WebHook-Request-Origin", _ORIGIN)
        response.headers["WebHook-Allowed-Rate"] = _asked("WebHook-Request-Rate", _RATE)
        return response

    for n, path in enumerate(PATHS):
        routes.add_url_rule(path, f"receive{n}", receive, methods=["POST"], provide_automatic_options=False)
        routes.add_url_rule(path, f"greet{n}", greet, methods=["OPTIONS"], provide_automatic_options=False)
    return routes


def _events() -> Sequence[Event]:
    """Raises: UnsupportedMediaType, RequestEntityTooLarge, InvalidRequest."""
    if request.mimetype not in _TAKEN:
        raise UnsupportedMediaType(f"send {wire.STRUCTURED}, {wire_batch.BATCH} or, in binary mode, application/json")
    if request.mimetype == wire_batch.BATCH:
        return wire_batch.from_batch(kit.body())
    return [wire.from_http(request.headers, kit.body())]


def _wants_reply() -> bool:
    """RFC 7240. Knative's Broker always prefers one, and takes none for an answer too."""
    preferences = request.headers.get("Prefer", "").split(",")
    return any(preference.partition(";")[0].strip().lower() == "reply" for preference in preferences)


def _asked(header: str, form: re.Pattern[str]) -> str:
    """What the sender asked for, granted as it stands; everything, where that cannot be read."""
    asked = request.headers.get(header, "").strip()
    return asked if form.fullmatch(asked) else "*"

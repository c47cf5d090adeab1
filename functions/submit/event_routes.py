"""POST / and /v1/events: videos asked for by CloudEvents.

Answers as Knative reads them: 202 without a body once the job is stored, 429 and 503 for "again
later", any other 4xx for the dead letters; never 404 or 409, which it would repeat.
"""

from __future__ import annotations

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
from shared.core.operation import Operation, Payload, Reply

PATHS: Final = ("/", "/v1/events")
_TAKEN: Final = (wire.STRUCTURED, wire_batch.BATCH, "application/json", "")
_RECEIVE: Final = Operation(
    id="sendEvent",
    summary="Ask for videos by CloudEvents",
    about="In binary, structured or batch mode. An event that was sent before is accepted again and draws nothing.",
    body=Payload(media=_TAKEN[:3]),
    replies={202: Reply("What it asks for is stored.")},
    errors=(wire.CODE, "unsupported_feature", "ssrf_blocked", "idempotency_mismatch"),
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
        found = _events()
        charge(len(found))
        inbox.receive(caller(), found, batch=request.mimetype == wire_batch.BATCH)
        return Response(status=202)

    @_GREET
    def greet() -> Response:
        """The handshake of CloudEvents' web hooks: whoever may come in may send, from anywhere, at any rate."""
        response = Response(status=200)
        response.headers["Allow"] = "POST, OPTIONS"
        response.headers["WebHook-Allowed-Origin"] = "*"
        response.headers["WebHook-Allowed-Rate"] = "*"
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

"""/v1/videos/{id}/events: a video's story while it happens."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from functions.submit.door import STREAM, caller
from functions.submit.event_stream import EventStream
from functions.submit.live import Live
from shared.core.operation import Argument, Operation, Payload, Reply

_GET_EVENTS: Final = Operation(
    id="getEvents",
    summary="A video's story while it happens",
    about="""Server-sent events: `state`, `progress`, and at last `completed`, `failed`, `cancelled` or `expired`.

`preview` says that there is a new one: its data are the video's `id`, the preview's `url`, and the `step` it shows.
The data of each other one is the Video. The first tells how it stands. A stream ends after some minutes; an EventSource
comes back by itself, and is told in one event what it missed.""",
    arguments=(Argument("Last-Event-ID", "The `id` of the last event you had.", place="header"),),
    replies={
        200: Reply("The events.", Payload(media=(), streams=(STREAM,))),
        204: Reply("You had the last one: there will be no more."),
    },
    errors=("not_found", "busy"),
)


def live_routes(live: Live) -> Blueprint:
    routes = Blueprint("live", __name__, url_prefix="/v1/videos")

    @routes.get("/<job_id>/events")
    @_GET_EVENTS
    def events(job_id: str) -> Response:
        stream = live.open(caller(), job_id, request.headers.get("Last-Event-ID", ""))
        # 204 is how an EventSource is told not to come again (HTML, 9.2.3).
        return Response(status=204) if stream is None else streamed(stream)

    return routes


def wants_stream() -> bool:
    """Whether the caller would rather have a stream than an object."""
    return request.accept_mimetypes.best_match(["application/json", STREAM], "application/json") == STREAM


def streamed(stream: EventStream) -> Response:
    response = Response(stream, mimetype=STREAM)
    response.headers["X-Accel-Buffering"] = "no"  # proxies that gather an answer before they pass it on
    return response

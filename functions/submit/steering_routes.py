"""/v1/videos/{id}/cancel and /retry."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from functions.submit import polling
from functions.submit.door import caller
from functions.submit.steering import Steering
from shared.core.objects import Video
from shared.core.operation import Operation, Payload, Reply

_CANCEL_VIDEO: Final = Operation(
    id="cancelVideo",
    summary="Stop a video and keep its record",
    replies={
        200: Reply("It is cancelled.", Payload(Video)),
        202: Reply("Its worker is yet to hear of it.", Payload(Video)),
    },
    errors=("not_found", "already_terminal"),
)
_RETRY_VIDEO: Final = Operation(
    id="retryVideo",
    summary="Ask again for one that ended without a video",
    replies={202: Reply("A new video, of the same wish and seed.", Payload(Video), polling.HEADERS)},
    errors=("not_found", "not_retriable", "queue_full"),
)


def steering_routes(steering: Steering) -> Blueprint:
    routes = Blueprint("steering", __name__, url_prefix="/v1/videos")

    @routes.route("/<job_id>/cancel", methods=["POST", "PUT"])
    @_CANCEL_VIDEO
    def cancel(job_id: str) -> Response:
        video = steering.cancel(caller(), job_id)
        response = jsonify(video)
        response.status_code = 202 if video["state"] == "cancelling" else 200
        return response

    @routes.post("/<job_id>/retry")
    @_RETRY_VIDEO
    def retry(job_id: str) -> Response:
        return polling.accepted(steering.retry(caller(), job_id))

    return routes

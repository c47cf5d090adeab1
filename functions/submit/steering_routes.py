"""/v1/videos/{id}/cancel and /retry."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import polling
from functions.submit.door import caller
from functions.submit.drafts import Manners
from functions.submit.request_keys import COUNT, KEY, RequestKeys
from functions.submit.steering import Steering
from shared.core.objects import Video
from shared.core.operation import Operation, Payload, Reply
from shared.core.request_key import GONE, MISMATCH

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
    arguments=(KEY, COUNT),
    replies={
        200: Reply("It was asked for before.", Payload(Video), (*polling.HEADERS, polling.REPLAYED)),
        202: Reply("A new video, of the same wish and seed.", Payload(Video), polling.HEADERS),
    },
    errors=("not_found", "not_retriable", "queue_full", MISMATCH, GONE),
)


def steering_routes(steering: Steering, keys: RequestKeys) -> Blueprint:
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
        key = keys.of_request(request.headers, caller(), {"retry": job_id}, Manners())
        again = steering.retry(caller(), job_id, key)
        return polling.accepted(again.video, replayed=again.replayed)

    return routes

"""/v1/videos/{id}/cancel and /retry."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from functions.submit import polling
from functions.submit.door import caller
from functions.submit.steering import Steering


def steering_routes(steering: Steering) -> Blueprint:
    routes = Blueprint("steering", __name__, url_prefix="/v1/videos")

    @routes.route("/<job_id>/cancel", methods=["POST", "PUT"])
    def cancel(job_id: str) -> Response:
        video = steering.cancel(caller(), job_id)
        response = jsonify(video)
        response.status_code = 202 if video["state"] == "cancelling" else 200
        return response

    @routes.post("/<job_id>/retry")
    def retry(job_id: str) -> Response:
        return polling.accepted(steering.retry(caller(), job_id))

    return routes

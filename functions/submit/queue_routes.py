"""/v1/queue: how much work there is before yours."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from shared.core import views
from shared.ports import JobStore


def queue_routes(jobs: JobStore) -> Blueprint:
    routes = Blueprint("queue", __name__, url_prefix="/v1/queue")

    @routes.get("")
    def depth() -> Response:
        found = jobs.depth()
        return jsonify(views.queue(waiting=found.waiting, running=found.running, oldest=found.oldest))

    return routes

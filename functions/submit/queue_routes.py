"""/v1/queue: how much work there is before yours."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from shared.core import views
from shared.core.objects import Queue
from shared.core.operation import Operation, Payload, Reply
from shared.ports import JobStore

_GET_QUEUE: Final = Operation(
    id="getQueue",
    summary="How much work there is",
    replies={200: Reply("Numbers, of all tenants together.", Payload(Queue))},
)


def queue_routes(jobs: JobStore) -> Blueprint:
    routes = Blueprint("queue", __name__, url_prefix="/v1/queue")

    @routes.get("")
    @_GET_QUEUE
    def depth() -> Response:
        found = jobs.depth()
        return jsonify(views.queue(waiting=found.waiting, running=found.running, oldest=found.oldest))

    return routes

"""/v1/queue: how much work there is before yours. /admin/queue: holding and emptying it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from flask import Blueprint, Response, jsonify

from functions.submit import admin_bodies
from functions.submit.admin_bodies import NoBody, PauseBody, PurgeBody
from functions.submit.door import caller
from functions.submit.queue_keeper import Purge, QueueKeeper
from shared.core.operation import Operation, Payload, Reply
from shared.core.queue_objects import OwnersQueue, Queue, QueuePurge

_GET_QUEUE: Final = Operation(
    id="getQueue",
    summary="How much work there is",
    replies={200: Reply("Numbers, of all tenants together.", Payload(Queue))},
)
_INSPECT_QUEUE: Final = Operation(
    id="inspectQueue",
    summary="How much work there is, and why it is held",
    replies={200: Reply("The queue as its owner sees it.", Payload(OwnersQueue))},
)
_PAUSE_QUEUE: Final = Operation(
    id="pauseQueue",
    summary="Hand out no video to any worker",
    about="New videos are taken and wait. What is being drawn goes on, to the end of its slice if it is a long one.",
    body=Payload(PauseBody, required=False),
    replies={200: Reply("It is paused.", Payload(OwnersQueue))},
)
_RESUME_QUEUE: Final = Operation(
    id="resumeQueue",
    summary="Hand out videos again",
    about="As many workers are woken as there is work for.",
    body=Payload(NoBody, required=False),
    replies={200: Reply("It is not paused.", Payload(OwnersQueue))},
)
_PURGE_QUEUE: Final = Operation(
    id="purgeQueue",
    summary="Cancel queued videos",
    about="Of all tenants, or those that the body means. Each tells its owner, as any cancelled video does.",
    body=Payload(PurgeBody),
    replies={200: Reply("What it came to.", Payload(QueuePurge))},
)


def queue_routes(keeper: QueueKeeper) -> Blueprint:
    routes = Blueprint("queue", __name__)

    @routes.get("/v1/queue")
    @_GET_QUEUE
    def look() -> Response:
        return jsonify(keeper.look())

    @routes.get("/admin/queue")
    @_INSPECT_QUEUE
    def inspect() -> Response:
        return jsonify(keeper.inspect())

    @routes.post("/admin/queue/pause")
    @_PAUSE_QUEUE
    def pause() -> Response:
        return jsonify(keeper.pause(caller(), admin_bodies.read(PauseBody).reason))

    @routes.post("/admin/queue/resume")
    @_RESUME_QUEUE
    def resume() -> Response:
        admin_bodies.read(NoBody)
        return jsonify(keeper.resume(caller()))

    @routes.post("/admin/queue/purge")
    @_PURGE_QUEUE
    def purge() -> Response:
        return jsonify(keeper.purge(caller(), _purge(admin_bodies.read(PurgeBody, required=True))))

    return routes


def _purge(body: PurgeBody) -> Purge:
    return Purge(
        tenant=body.tenant,
        older_than=None if body.older_than is None else timedelta(seconds=body.older_than),
        dry_run=body.dry_run,
        after=body.after,
    )

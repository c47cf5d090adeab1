"""What became of callbacks: by video, by endpoint, and again."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import admin_bodies
from functions.submit.bodies import AFTER, limit_argument, limit_of
from functions.submit.deliveries import Deliveries
from functions.submit.door import caller
from shared.core import delivery_views
from shared.core.delivery_views import WebhookDelivery, WebhookDeliveryList, WebhookReplay
from shared.core.endpoint_wish import ReplayWish
from shared.core.operation import Operation, Payload, Reply
from shared.core.page import page

_AGAIN: Final = "On a new schedule, with the same id and the same bytes. Receivers that saw it know it by `webhook-id`."
_OF_VIDEO: Final = Operation(
    id="listVideoDeliveries",
    summary="The callbacks of a video, oldest first",
    replies={200: Reply("All of them.", Payload(WebhookDeliveryList))},
    errors=("not_found",),
)
_REPLAY_OF_VIDEO: Final = Operation(
    id="replayVideoDelivery",
    summary="Send a callback of a video again",
    about=_AGAIN,
    replies={202: Reply("It is due now.", Payload(WebhookDelivery))},
    errors=("not_found", "delivery_pending"),
)
_TO_ENDPOINT: Final = Operation(
    id="listWebhookEndpointDeliveries",
    summary="The callbacks to a webhook endpoint, those of the newest videos first",
    arguments=(limit_of("Callbacks"), AFTER),
    replies={200: Reply("A page of the newest 10,000.", Payload(WebhookDeliveryList))},
    errors=("not_found",),
)
_REPLAY_TO_ENDPOINT: Final = Operation(
    id="replayWebhookEndpointDelivery",
    summary="Send a callback to a webhook endpoint again",
    about=_AGAIN,
    replies={202: Reply("It is due now.", Payload(WebhookDelivery))},
    errors=("not_found", "delivery_pending"),
)
_REPLAY_FAILED: Final = Operation(
    id="replayWebhookEndpointDeliveries",
    summary="Send all callbacks to a webhook endpoint now that were given up or wait for their next try",
    about=_AGAIN,
    body=Payload(ReplayWish, example={"since": 1795600000}),
    replies={202: Reply("They are due now.", Payload(WebhookReplay))},
    errors=("not_found",),
)


def delivery_routes(deliveries: Deliveries) -> Blueprint:
    routes = Blueprint("deliveries", __name__, url_prefix="/v1")

    @routes.get("/videos/<job_id>/deliveries")
    @_OF_VIDEO
    def of_video(job_id: str) -> Response:
        found = deliveries.of_video(caller(), job_id)
        return jsonify(page([delivery_views.delivery(each) for each in found], has_more=False))

    @routes.post("/videos/<job_id>/deliveries/<delivery_id>/replay")
    @_REPLAY_OF_VIDEO
    def replay_of_video(job_id: str, delivery_id: str) -> tuple[Response, int]:
        return jsonify(delivery_views.delivery(deliveries.replay_of_video(caller(), job_id, delivery_id))), 202

    _add_endpoints(routes, deliveries)
    return routes


def _add_endpoints(routes: Blueprint, deliveries: Deliveries) -> None:
    @routes.get("/webhook_endpoints/<endpoint_id>/deliveries")
    @_TO_ENDPOINT
    def to_endpoint(endpoint_id: str) -> Response:
        found = deliveries.to_endpoint(caller(), endpoint_id, limit=limit_argument(), after=request.args.get("after"))
        return jsonify(page([delivery_views.delivery(each) for each in found.deliveries], has_more=found.has_more))

    @routes.post("/webhook_endpoints/<endpoint_id>/deliveries/<delivery_id>/replay")
    @_REPLAY_TO_ENDPOINT
    def replay_to_endpoint(endpoint_id: str, delivery_id: str) -> tuple[Response, int]:
        return jsonify(delivery_views.delivery(deliveries.replay_to_endpoint(caller(), endpoint_id, delivery_id))), 202

    @routes.post("/webhook_endpoints/<endpoint_id>/deliveries/replay")
    @_REPLAY_FAILED
    def replay_failed(endpoint_id: str) -> tuple[Response, int]:
        wish = admin_bodies.read(ReplayWish, required=True)
        done = deliveries.replay_failed(caller(), endpoint_id, wish.since, wish.after)
        return jsonify(delivery_views.replay(done.count, last_id=done.last_id, has_more=done.has_more)), 202

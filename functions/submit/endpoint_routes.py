"""/v1/webhook_endpoints and /v1/webhook_event_types, in OpenAI's shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import admin_bodies
from functions.submit.bodies import page_arguments, page_of
from functions.submit.door import caller
from functions.submit.drafts import Manners
from functions.submit.endpoints import Endpoints, Told
from functions.submit.polling import REPLAYED
from functions.submit.request_keys import COUNT, KEY, RequestKeys
from shared.core import endpoint_views
from shared.core.endpoint import Endpoint
from shared.core.endpoint_views import (
    WebhookEndpoint,
    WebhookEndpointDeleted,
    WebhookEndpointList,
    WebhookEndpointTest,
    WebhookEventTypes,
)
from shared.core.endpoint_wish import EndpointEdit, EndpointTest, EndpointWish, SecretRotation
from shared.core.operation import Operation, Payload, Reply
from shared.core.page import page
from shared.core.request_key import MISMATCH

_OBJECT: Final = Payload(WebhookEndpoint)
_KNOWN_BY: Final = (
    replace(KEY, about="The same key and body again gets the same answer, the secret in it too."),
    replace(
        COUNT, about="How often the call was made before. OpenAI's clients send it: a repeat gets the same answer."
    ),
)
_CREATE: Final = Operation(
    id="createWebhookEndpoint",
    summary="Register a URL that hears of your videos",
    about="`signing_secret` is told here alone. What is sent, and how to verify it: docs/receivers.md.",
    arguments=_KNOWN_BY,
    body=Payload(
        EndpointWish, example={"url": "https://hooks.example.com/flipbook", "event_types": ["video.completed"]}
    ),
    replies={
        200: Reply("It was registered before, by the same request.", _OBJECT, ("Location", REPLAYED)),
        201: Reply("It is registered.", _OBJECT, ("Location",)),
    },
    errors=("ssrf_blocked", "endpoints_off", "too_many_endpoints", MISMATCH),
)
_LIST: Final = Operation(
    id="listWebhookEndpoints",
    summary="Your webhook endpoints, newest first",
    arguments=page_of("Endpoints"),
    replies={200: Reply("A page of them, without secrets.", Payload(WebhookEndpointList))},
)
_GET: Final = Operation(
    id="getWebhookEndpoint",
    summary="A webhook endpoint as it stands now",
    replies={200: Reply("It.", _OBJECT)},
    errors=("not_found",),
)
_EDIT: Final = Operation(
    id="updateWebhookEndpoint",
    summary="Change a webhook endpoint",
    body=Payload(EndpointEdit, example={"name": "dashboard"}, required=False),
    replies={200: Reply("It is changed.", _OBJECT)},
    errors=("not_found", "ssrf_blocked"),
)
_DELETE: Final = Operation(
    id="deleteWebhookEndpoint",
    summary="Take a webhook endpoint away",
    about="Callbacks that it has not heard yet are given up.",
    replies={200: Reply("It is gone.", Payload(WebhookEndpointDeleted))},
    errors=("not_found",),
)
_ROTATE: Final = Operation(
    id="rotateWebhookSecret",
    summary="Give a webhook endpoint a new secret",
    about="`signing_secret` is told here alone.",
    arguments=_KNOWN_BY,
    body=Payload(SecretRotation, example={"keep_old_secret_active_for_24_hours": True}, required=False),
    replies={200: Reply("It has a new secret.", _OBJECT, (REPLAYED,))},
    errors=("not_found", "endpoints_off", "rotation_under_way", MISMATCH),
)
_TEST: Final = Operation(
    id="testWebhookEndpoint",
    summary="Send a signed sample to a webhook endpoint, once and now",
    about="It counts among the callbacks that the endpoint takes in a minute.",
    body=Payload(EndpointTest, example={"event_type": "video.completed"}, required=False),
    replies={200: Reply("It answered.", Payload(WebhookEndpointTest))},
    errors=("not_found", "endpoint_unreachable", "handshake_refused"),
)
_TYPES: Final = Operation(
    id="listWebhookEventTypes",
    summary="What a webhook endpoint can hear of",
    replies={200: Reply("The types.", Payload(WebhookEventTypes))},
)


def endpoint_routes(endpoints: Endpoints, keys: RequestKeys) -> Blueprint:
    routes = Blueprint("webhook_endpoints", __name__, url_prefix="/v1")

    def shown(endpoint: Endpoint) -> Response:
        return jsonify(endpoint_views.endpoint(endpoint, endpoints.now()))

    @routes.post("/webhook_endpoints")
    @_CREATE
    def create() -> Response:
        wish = admin_bodies.read(EndpointWish, required=True)
        said = {"webhook_endpoint": wish.model_dump()}
        made = endpoints.register(caller(), wish, keys.of_request(request.headers, caller(), said, Manners()))
        response = _told(made, endpoints.now())
        response.status_code = 200 if made.replayed else 201
        response.headers["Location"] = f"/v1/webhook_endpoints/{made.endpoint.id}"
        return response

    @routes.get("/webhook_endpoints")
    @_LIST
    def listed() -> Response:
        wanted = page_arguments()
        found, more = endpoints.page(
            caller(), limit=wanted.limit, after=wanted.after, before=wanted.before, ascending=wanted.ascending
        )
        now = endpoints.now()
        return jsonify(page([endpoint_views.endpoint(each, now) for each in found], has_more=more))

    @routes.get("/webhook_event_types")
    @_TYPES
    def types() -> Response:
        return jsonify(endpoint_views.event_types())

    _add_one(routes, endpoints, shown)
    _add_secret(routes, endpoints, keys)
    return routes


def _add_one(routes: Blueprint, endpoints: Endpoints, shown: Callable[..., Response]) -> None:
    """What is done with one endpoint."""

    @routes.get("/webhook_endpoints/<endpoint_id>")
    @_GET
    def get(endpoint_id: str) -> Response:
        return shown(endpoints.get(caller(), endpoint_id))

    @routes.post("/webhook_endpoints/<endpoint_id>")
    @_EDIT
    def edit(endpoint_id: str) -> Response:
        return shown(endpoints.edit(caller(), endpoint_id, admin_bodies.read(EndpointEdit)))

    @routes.delete("/webhook_endpoints/<endpoint_id>")
    @_DELETE
    def delete(endpoint_id: str) -> Response:
        endpoints.delete(caller(), endpoint_id)
        return jsonify(endpoint_views.endpoint_deleted(endpoint_id))

    @routes.post("/webhook_endpoints/<endpoint_id>/test")
    @_TEST
    def test(endpoint_id: str) -> Response:
        wish = admin_bodies.read(EndpointTest)
        status = endpoints.test(caller(), endpoint_id, wish.event_type)
        return jsonify(endpoint_views.endpoint_test(endpoint_id, wish.event_type, status))


def _add_secret(routes: Blueprint, endpoints: Endpoints, keys: RequestKeys) -> None:
    @routes.post("/webhook_endpoints/<endpoint_id>/rotate_secret")
    @_ROTATE
    def rotate(endpoint_id: str) -> Response:
        wish = admin_bodies.read(SecretRotation)
        said = {"rotate_secret": endpoint_id, "body": wish.model_dump()}
        known_by = keys.of_request(request.headers, caller(), said, Manners())
        keep = wish.keep_old_secret_active_for_24_hours
        return _told(endpoints.rotate(caller(), endpoint_id, keep_old=keep, known_by=known_by), endpoints.now())


def _told(told: Told, at: datetime) -> Response:
    response = jsonify(endpoint_views.endpoint(told.endpoint, at, secret=told.secret))
    if told.replayed:
        response.headers[REPLAYED] = "true"
    return response

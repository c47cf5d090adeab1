"""/admin/keys: stored API keys, of every tenant. Whoever holds the scope `admin` owns the whole platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import admin_bodies
from functions.submit.bodies import AFTER, limit_argument, limit_of
from functions.submit.door import caller
from functions.submit.locksmith import Locksmith
from shared.core import key_views
from shared.core.api_key import ApiKey
from shared.core.key_views import ApiKeyDeleted, ApiKeyList, ApiKeyObject
from shared.core.key_wish import KeyWish, RotationWish
from shared.core.operation import Argument, Operation, Payload, Reply
from shared.core.page import page
from shared.ports import KeyStore

_OBJECT: Final = Payload(ApiKeyObject)
_CREATE_KEY: Final = Operation(
    id="createKey",
    summary="Make an API key",
    about="`key` is told this once. Every process knows it at once.",
    body=Payload(KeyWish, example={"tenant": "acme", "scopes": ["videos:read"], "label": "dashboard"}),
    replies={201: Reply("It is made.", _OBJECT, ("Location",))},
    errors=("keys_off", "too_many_keys"),
)
_LIST_KEYS: Final = Operation(
    id="listKeys",
    summary="List API keys",
    arguments=(
        limit_of("Keys"),
        AFTER,
        Argument("tenant", "Those of one tenant only."),
    ),
    replies={200: Reply("A page of them, by id, without secrets.", Payload(ApiKeyList))},
)
_GET_KEY: Final = Operation(
    id="getKey", summary="Look at an API key", replies={200: Reply("It.", _OBJECT)}, errors=("not_found",)
)
_REVOKE_KEY: Final = Operation(
    id="revokeKey",
    summary="Revoke an API key",
    about="It opens nothing any more, everywhere within 5 seconds. Its record stays.",
    replies={200: Reply("It is revoked.", _OBJECT)},
    errors=("not_found",),
)
_ROTATE_KEY: Final = Operation(
    id="rotateKey",
    summary="Give an API key a new secret",
    about="`key` is told this once. The old secret opens for `overlap_seconds` more.",
    body=Payload(RotationWish, example={"overlap_seconds": 3600}, required=False),
    replies={200: Reply("It has a new secret.", _OBJECT)},
    errors=("not_found", "keys_off", "key_not_live", "rotation_under_way"),
)
_DELETE_KEY: Final = Operation(
    id="deleteKey",
    summary="Forget an API key",
    about="As revoking, and nothing is left of it.",
    replies={200: Reply("It is gone.", Payload(ApiKeyDeleted))},
    errors=("not_found",),
)


def key_routes(locksmith: Locksmith, store: KeyStore) -> Blueprint:
    routes = Blueprint("keys", __name__, url_prefix="/admin/keys")

    def shown(entry: ApiKey, key: str | None = None) -> Response:
        return jsonify(key_views.api_key(entry, store.now(), key=key))

    @routes.post("")
    @_CREATE_KEY
    def create() -> Response:
        entry, key = locksmith.make(admin_bodies.read(KeyWish), by=caller().key_id)
        response = shown(entry, key)
        response.status_code = 201
        response.headers["Location"] = f"/admin/keys/{entry.id}"
        return response

    @routes.get("")
    @_LIST_KEYS
    def listed() -> Response:
        after, tenant = request.args.get("after"), request.args.get("tenant")
        found = locksmith.page(limit=limit_argument(), after=after, tenant=tenant)
        now = store.now()
        return jsonify(page([key_views.api_key(each, now) for each in found.entries], has_more=found.has_more))

    _add_one(routes, locksmith, shown)
    return routes


def _add_one(routes: Blueprint, locksmith: Locksmith, shown: Callable[..., Response]) -> None:
    """What is done with one key."""

    @routes.get("/<key_id>")
    @_GET_KEY
    def get(key_id: str) -> Response:
        return shown(locksmith.get(key_id))

    @routes.post("/<key_id>/revoke")
    @_REVOKE_KEY
    def revoke(key_id: str) -> Response:
        return shown(locksmith.revoke(key_id, by=caller().key_id))

    @routes.post("/<key_id>/rotate")
    @_ROTATE_KEY
    def rotate(key_id: str) -> Response:
        wish = admin_bodies.read(RotationWish)
        entry, key = locksmith.rotate(key_id, wish.overlap, by=caller().key_id)
        return shown(entry, key)

    @routes.delete("/<key_id>")
    @_DELETE_KEY
    def delete(key_id: str) -> Response:
        locksmith.delete(key_id, by=caller().key_id)
        return jsonify(key_views.api_key_deleted(key_id))

"""/openapi.json for programs, /docs for people: what can be asked for here; /.well-known/jwks.json for receivers.

Open: they tell nothing of any tenant.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from flask import Blueprint, Flask, Response, jsonify, request

from functions.submit import document_page, openapi
from functions.submit.door import DOCUMENT
from shared.core import signing
from shared.core.endpoint_views import KeySet
from shared.core.operation import JSON, Operation, Payload, Reply
from shared.core.signing import PrivateKey
from shared.settings import Settings

_GET_DOCUMENT: Final = Operation(
    id="getDocument",
    summary="This document",
    replies={
        200: Reply("OpenAPI 3.1.", Payload(media=(JSON,)), ("ETag",)),
        304: Reply("You have it.", headers=("ETag",)),
    },
)
_GET_PAGE: Final = Operation(
    id="getPage",
    summary="This document for people",
    replies={
        200: Reply("HTML.", Payload(media=("text/html",)), ("ETag", "Content-Security-Policy", "Referrer-Policy")),
        304: Reply("You have it.", headers=("ETag", "Content-Security-Policy", "Referrer-Policy")),
    },
)


_GET_KEYS: Final = Operation(
    id="getKeySet",
    summary="The public keys that callbacks can be verified with",
    about="Of the signatures `v1a` (docs/receivers.md). Empty where the platform has no such key.",
    replies={200: Reply("A JWK Set.", Payload(KeySet), ("ETag",)), 304: Reply("You have it.", headers=("ETag",))},
)


def document_routes(app: Flask, settings: Settings) -> Blueprint:
    routes = Blueprint(DOCUMENT, __name__, template_folder=document_page.TEMPLATES)

    @cache
    def text() -> str:
        """Not before all routes are there."""
        return app.json.dumps(openapi.document(app, settings.public_url))

    @cache
    def html() -> str:
        return document_page.page(openapi.document(app, settings.public_url))

    @routes.get("/openapi.json")
    @_GET_DOCUMENT
    def document() -> Response:
        return _kept(Response(text(), mimetype=JSON))

    @routes.get("/docs")
    @_GET_PAGE
    def page() -> Response:
        response = _kept(Response(html(), mimetype="text/html"))
        response.headers["Content-Security-Policy"] = document_page.POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @routes.get("/.well-known/jwks.json")
    @_GET_KEYS
    def keys() -> Response:
        return _kept(jsonify(signing.key_set([PrivateKey.of(key) for key in settings.webhook_signing_keys])))

    return routes


def _kept(response: Response) -> Response:
    """Caches keep it, and ask again with its ETag."""
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response

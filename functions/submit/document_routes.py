"""/openapi.json: what can be asked for here, for programs. Open: it tells nothing of any tenant."""

from __future__ import annotations

from functools import cache
from typing import Final

from flask import Blueprint, Flask, Response, request

from functions.submit import openapi
from functions.submit.door import DOCUMENT
from shared.core.operation import JSON, Operation, Payload, Reply
from shared.settings import Settings

_GET_DOCUMENT: Final = Operation(
    id="getDocument",
    summary="This document",
    replies={
        200: Reply("OpenAPI 3.1.", Payload(media=(JSON,)), ("ETag",)),
        304: Reply("You have it.", headers=("ETag",)),
    },
)


def document_routes(app: Flask, settings: Settings) -> Blueprint:
    routes = Blueprint(DOCUMENT, __name__)

    @cache
    def text() -> str:
        """Not before all routes are there."""
        return app.json.dumps(openapi.document(app, settings.public_url))

    @routes.get("/openapi.json")
    @_GET_DOCUMENT
    def document() -> Response:
        response = Response(text(), mimetype=JSON)
        response.cache_control.no_cache = True  # kept, and asked for again with its ETag
        response.add_etag()
        response.make_conditional(request)
        return response

    return routes

"""PUT /v1/videos/{client_id}: a creation that its caller named, and may send again at any time."""

from __future__ import annotations

from flask import Blueprint, Response

from functions.submit import acceptance
from functions.submit.bodies import json_body
from functions.submit.door import caller
from functions.submit.handler import Videos
from functions.submit.request_keys import RequestKeys
from shared.core.errors import Conflict
from shared.core.request_key import MISMATCH


def client_routes(videos: Videos, keys: RequestKeys) -> Blueprint:
    routes = Blueprint("clients", __name__, url_prefix="/v1/videos")

    @routes.put("/<client_id>")
    def put(client_id: str) -> Response:
        body = json_body()
        draft = videos.draft(caller(), body)
        key = keys.of_client(client_id, body)
        try:
            return acceptance.answer(videos.accept(caller(), draft, key))
        except Conflict as error:
            if error.code != MISMATCH:
                raise
            raise Conflict(f"{client_id} names a video with another body", code="id_conflict") from None

    return routes

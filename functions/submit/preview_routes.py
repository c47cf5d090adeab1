"""/v1/videos/{id}/preview: what a video looks like so far."""

from __future__ import annotations

import hashlib
from typing import Final

from flask import Blueprint, Response, request

from functions.submit import sending
from functions.submit.contents import Contents
from functions.submit.door import caller
from shared.core.operation import Operation, Payload, Reply

_GET_PREVIEW: Final = Operation(
    id="getPreview",
    summary="What a video looks like so far",
    about="A small picture of its middle, guessed from half-done work: every few seconds with `preview: true`, "
    "now and then without.",
    arguments=(sending.KNOWN,),
    replies={
        200: Reply("The latest one.", Payload(media=("image/webp",)), ("ETag",)),
        204: Reply("There is none: not yet, or the video is over."),
        304: Reply("You have it.", headers=("ETag",)),
    },
    errors=("not_found",),
)


def preview_routes(contents: Contents) -> Blueprint:
    routes = Blueprint("preview", __name__, url_prefix="/v1/videos")

    @routes.get("/<job_id>/preview")
    @_GET_PREVIEW
    def preview(job_id: str) -> Response:
        picture = contents.preview(caller(), job_id)
        if picture is None:
            return Response(status=204)
        response = Response(picture, content_type="image/webp")
        response.set_etag(hashlib.sha256(picture).hexdigest())
        response.make_conditional(request)
        return response

    return routes

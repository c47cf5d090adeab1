"""/v1/videos/{id}/content: the video itself, its still and its spritesheet."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from functions.submit import sending
from functions.submit.contents import Contents
from functions.submit.door import caller
from shared.core.errors import InvalidRequest, Problem
from shared.core.operation import Argument, Operation, Payload, Reply
from shared.core.output import VARIANTS

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}

_FLAG: Final = {"type": "string", "enum": list(_FLAGS)}
_FILE: Final = Payload(media=("video/mp4", "image/webp", "image/jpeg"))
_SHOWN: Final = ("ETag", "Accept-Ranges", "Content-Disposition")

_GET_CONTENT: Final = Operation(
    id="getContent",
    summary="The files of a video",
    about="The `spritesheet` is up to 25 stills, evenly spaced from the first frame to the last: see `variants`."
    " After its time a video is not found any more, and for as long again its files are said to be no longer kept.",
    arguments=(
        Argument("variant", "Which file; by default the video.", {"type": "string", "enum": list(VARIANTS)}),
        Argument("redirect", "`false`: send bytes where you would be sent to a link.", _FLAG),
        Argument("download", "`true`: have a browser save the file and not show it.", _FLAG),
        Argument("Range", "`bytes=0-1023`: only a part (RFC 9110).", place="header"),
        sending.KNOWN,
    ),
    replies={
        200: Reply("All of it.", _FILE, _SHOWN),
        206: Reply("The part.", _FILE, (*_SHOWN, "Content-Range")),
        302: Reply("It is there, for some minutes, to be saved as a file.", headers=("Location",)),
        304: Reply("You have it.", headers=("ETag", "Accept-Ranges")),
    },
    errors=("not_found", "not_ready", "content_expired", "range_not_satisfiable"),
)


def content_routes(contents: Contents) -> Blueprint:
    routes = Blueprint("content", __name__, url_prefix="/v1/videos")

    @routes.get("/<job_id>/content")
    @_GET_CONTENT
    def content(job_id: str) -> Response:
        may_redirect, download = _flag("redirect", default=True), _flag("download", default=False)
        found = contents.find(caller(), job_id, request.args.get("variant", "video"))
        # A link is signed for GET alone, so HEAD is answered here; so is who has the file already.
        if may_redirect and request.method == "GET" and not sending.has_already(found.artifact):
            link = contents.link(found)
            if link:
                return redirect(link)
        return sending.send(
            found.artifact,
            found.filename,
            lambda start, end: contents.bytes(found, start, end),
            as_attachment=download,
        )

    return routes


def _flag(name: str, *, default: bool) -> bool:
    """Raises: InvalidRequest."""
    text = request.args.get(name)
    if text is None:
        return default
    if text not in _FLAGS:
        raise InvalidRequest(Problem(f"/{name}", "must be true or false"))
    return _FLAGS[text]

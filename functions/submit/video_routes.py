"""/v1/videos: follow videos, fetch them, delete them."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import polling, sending
from functions.submit.bodies import PAGE, page_arguments
from functions.submit.door import caller
from functions.submit.following import Follower
from functions.submit.handler import Videos
from shared.core import selection
from shared.core.objects import Video, VideoDeleted, VideoList
from shared.core.operation import Argument, Operation, Payload, Reply

_VARIANT: Final = Argument("variant", "Which file.", {"type": "string", "enum": ["video", "thumbnail"]})
_RANGE: Final = Argument("Range", "`bytes=0-1023`: only a part (RFC 9110).", place="header")
_KNOWN: Final = Argument("If-None-Match", "The ETag of what you have.", place="header")
_FILE: Final = Payload(media=("video/mp4", "image/webp"))

_LIST_VIDEOS: Final = Operation(
    id="listVideos",
    summary="Your videos, newest first",
    about="A page may be empty and have more behind it: a request looks at 1,000 videos at most.",
    arguments=(*PAGE, *selection.ARGUMENTS),
    replies={200: Reply("A page.", Payload(VideoList))},
)
_GET_VIDEO: Final = Operation(
    id="getVideo",
    summary="A video as it stands now",
    arguments=(polling.WAIT, _KNOWN),
    replies={
        200: Reply("The video.", Payload(Video), ("ETag", "openai-poll-after-ms")),
        304: Reply("You have this version.", headers=("ETag", "openai-poll-after-ms")),
    },
    errors=("not_found",),
)
_DELETE_VIDEO: Final = Operation(
    id="deleteVideo",
    summary="Remove a video and its files",
    about="One that is not over is cancelled first.",
    replies={200: Reply("It is gone.", Payload(VideoDeleted))},
    errors=("not_found",),
)
_GET_CONTENT: Final = Operation(
    id="getContent",
    summary="The file that was drawn",
    arguments=(_VARIANT, _RANGE, _KNOWN),
    replies={
        200: Reply("All of it.", _FILE, ("ETag", "Accept-Ranges", "Content-Disposition")),
        206: Reply("The part.", _FILE, ("ETag", "Accept-Ranges", "Content-Range", "Content-Disposition")),
        302: Reply("It is there, for some minutes.", headers=("Location",)),
        304: Reply("You have it.", headers=("ETag", "Accept-Ranges")),
    },
    errors=("not_found", "not_ready", "range_not_satisfiable"),
)


def video_routes(videos: Videos, follower: Follower) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.get("")
    @_LIST_VIDEOS
    def page() -> Response:
        wanted = page_arguments()
        chosen = selection.parse(request.args.items(multi=True))
        video_list = videos.list(caller(), chosen, limit=wanted.limit, after=wanted.after, ascending=wanted.ascending)
        return jsonify(video_list)

    @routes.get("/<job_id>")
    @_GET_VIDEO
    def get(job_id: str) -> Response:
        seconds = polling.wait_argument()
        video = videos.get(caller(), job_id)
        if seconds and not polling.has_another(video):
            video = follower.changed(caller(), video, seconds)
        return polling.told(video)

    @routes.delete("/<job_id>")
    @_DELETE_VIDEO
    def delete(job_id: str) -> Response:
        return jsonify(videos.delete(caller(), job_id))

    @routes.get("/<job_id>/content")
    @_GET_CONTENT
    def content(job_id: str) -> BaseResponse:
        found = videos.content(caller(), job_id, request.args.get("variant", "video"))
        if found.link:
            return redirect(found.link)
        artifact = found.artifact
        return sending.send(artifact, found.filename, lambda start, end: videos.bytes(artifact, start, end))

    return routes

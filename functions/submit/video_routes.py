"""/v1/videos: follow videos, delete them."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import polling, sending
from functions.submit.bodies import page_arguments, page_of
from functions.submit.door import caller
from functions.submit.following import Follower
from functions.submit.handler import Videos
from functions.submit.video_text import MEDIA, encode
from shared.core import selection
from shared.core.objects import Video, VideoDeleted, VideoList
from shared.core.operation import Operation, Payload, Reply

_LIST_VIDEOS: Final = Operation(
    id="listVideos",
    summary="Your videos, newest first",
    about="A page may be empty and have more behind it: a request looks at 1,000 videos at most.",
    arguments=(*page_of("Videos"), *selection.ARGUMENTS),
    replies={200: Reply("A page.", Payload(VideoList))},
)
_GET_VIDEO: Final = Operation(
    id="getVideo",
    summary="A video as it stands now",
    arguments=(polling.WAIT, sending.KNOWN),
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


def video_routes(videos: Videos, follower: Follower) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.get("")
    @_LIST_VIDEOS
    def page() -> Response:
        wanted = page_arguments()
        chosen = selection.parse(request.args.items(multi=True))
        video_list = videos.list(
            caller(), chosen, limit=wanted.limit, after=wanted.after, before=wanted.before, ascending=wanted.ascending
        )
        return Response(encode(video_list), mimetype=MEDIA)

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

    return routes

"""/v1/videos: follow videos, fetch them, delete them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import polling, sending
from functions.submit.bodies import page_arguments
from functions.submit.door import caller
from functions.submit.following import Follower
from functions.submit.handler import Videos
from shared.core import selection


def video_routes(videos: Videos, follower: Follower) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.get("")
    def page() -> Response:
        wanted = page_arguments()
        chosen = selection.parse(request.args.items(multi=True))
        video_list = videos.list(caller(), chosen, limit=wanted.limit, after=wanted.after, ascending=wanted.ascending)
        return jsonify(video_list)

    @routes.get("/<job_id>")
    def get(job_id: str) -> Response:
        seconds = polling.wait_argument()
        video = videos.get(caller(), job_id)
        if seconds and not polling.has_another(video):
            video = follower.changed(caller(), video, seconds)
        return polling.told(video)

    @routes.delete("/<job_id>")
    def delete(job_id: str) -> Response:
        return jsonify(videos.delete(caller(), job_id))

    @routes.get("/<job_id>/content")
    def content(job_id: str) -> BaseResponse:
        found = videos.content(caller(), job_id, request.args.get("variant", "video"))
        if found.link:
            return redirect(found.link)
        artifact = found.artifact
        return sending.send(artifact, found.filename, lambda start, end: videos.bytes(artifact, start, end))

    return routes

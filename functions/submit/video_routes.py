"""/v1/videos: ask for videos, follow them, fetch them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import polling, sending
from functions.submit.bodies import body, page_arguments
from functions.submit.door import caller
from functions.submit.following import Follower
from functions.submit.handler import Videos
from shared.core import selection
from shared.core.aliases import CALLBACK_HEADER


def video_routes(videos: Videos, follower: Follower) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.post("")
    def create() -> Response:
        video = videos.accept(caller(), videos.draft(caller(), body(), callback_url=_callback_url()))
        seconds = polling.preferred_wait()
        if seconds:
            video = follower.ended(caller(), video, seconds)
        return polling.accepted(video, waited=seconds)

    @routes.post("/<job_id>/remix")
    def remix(job_id: str) -> Response:
        draft = videos.remix_draft(caller(), job_id, body(), callback_url=_callback_url())
        return polling.accepted(videos.accept(caller(), draft))

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


def _callback_url() -> str | None:
    return request.headers.get(CALLBACK_HEADER)

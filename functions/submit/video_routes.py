"""/v1/videos: ask for videos, follow them, fetch them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import sending
from functions.submit.bodies import json_body, page_arguments
from functions.submit.door import caller
from functions.submit.handler import Videos


def video_routes(videos: Videos) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.post("")
    def create() -> Response:
        video = videos.create(caller(), json_body())
        response = jsonify(video)
        response.status_code = 202
        response.headers["Location"] = f"/v1/videos/{video['id']}"
        # OpenAI's clients read the pace of their polling from here.
        response.headers["openai-poll-after-ms"] = "1000"
        return response

    @routes.get("")
    def page() -> Response:
        wanted = page_arguments()
        return jsonify(videos.list(caller(), limit=wanted.limit, after=wanted.after, ascending=wanted.ascending))

    @routes.get("/<job_id>")
    def get(job_id: str) -> Response:
        return jsonify(videos.get(caller(), job_id))

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

"""/v1/videos: ask for videos, follow them, fetch them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import sending
from functions.submit.bodies import body, page_arguments
from functions.submit.door import caller
from functions.submit.handler import Videos
from shared.core.aliases import CALLBACK_HEADER


def video_routes(videos: Videos) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.post("")
    def create() -> Response:
        return _accepted(videos.create(caller(), body(), callback_url=_callback_url()))

    @routes.post("/<job_id>/remix")
    def remix(job_id: str) -> Response:
        return _accepted(videos.remix(caller(), job_id, body(), callback_url=_callback_url()))

    @routes.get("")
    def page() -> Response:
        wanted = page_arguments()
        return jsonify(videos.list(caller(), limit=wanted.limit, after=wanted.after, ascending=wanted.ascending))

    @routes.get("/<job_id>")
    def get(job_id: str) -> Response:
        return _polled(jsonify(videos.get(caller(), job_id)))

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


def _accepted(video: dict[str, Any]) -> Response:
    response = _polled(jsonify(video))
    response.status_code = 202
    response.headers["Location"] = f"/v1/videos/{video['id']}"
    return response


def _polled(response: Response) -> Response:
    # OpenAI's clients read the pace of their polling from the first answer that they poll.
    response.headers["openai-poll-after-ms"] = "1000"
    return response


def _callback_url() -> str | None:
    return request.headers.get(CALLBACK_HEADER)

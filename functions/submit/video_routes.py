"""/v1/videos: ask for videos, follow them, fetch them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from functions.submit import acceptance, sending
from functions.submit.bodies import json_body, page_arguments
from functions.submit.door import caller
from functions.submit.handler import Videos
from functions.submit.request_keys import HEADER, RequestKeys


def video_routes(videos: Videos, keys: RequestKeys) -> Blueprint:
    routes = Blueprint("videos", __name__, url_prefix="/v1/videos")

    @routes.post("")
    def create() -> Response:
        body = json_body()
        draft = videos.draft(caller(), body)
        key = keys.of_header(request.headers.get(HEADER), body)
        return acceptance.answer(videos.accept(caller(), draft, key))

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

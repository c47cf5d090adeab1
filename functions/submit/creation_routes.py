"""The ways to ask for a video: a body, a body under an id of the caller's own, a remix of a video that is there."""

from __future__ import annotations

from flask import Blueprint, Response, request

from functions.submit import polling
from functions.submit.bodies import body
from functions.submit.door import caller
from functions.submit.following import Follower
from functions.submit.handler import Accepted, Videos
from functions.submit.request_keys import HEADER, RequestKeys
from shared.core.aliases import CALLBACK_HEADER
from shared.core.errors import Conflict
from shared.core.request_key import MISMATCH


def creation_routes(videos: Videos, keys: RequestKeys, follower: Follower) -> Blueprint:
    routes = Blueprint("creation", __name__, url_prefix="/v1/videos")

    @routes.post("")
    def create() -> Response:
        wanted = body()
        draft = videos.draft(caller(), wanted, callback_url=_callback_url())
        return answer(videos.accept(caller(), draft, keys.of_header(request.headers.get(HEADER), wanted)))

    @routes.put("/<client_id>")
    def put(client_id: str) -> Response:
        wanted = body()
        draft = videos.draft(caller(), wanted, callback_url=_callback_url())
        try:
            return answer(videos.accept(caller(), draft, keys.of_client(client_id, wanted)))
        except Conflict as error:
            if error.code != MISMATCH:
                raise
            raise Conflict(f"{client_id} names a video with another body", code="id_conflict") from None

    @routes.post("/<job_id>/remix")
    def remix(job_id: str) -> Response:
        wanted = body()
        draft = videos.remix_draft(caller(), job_id, wanted, callback_url=_callback_url())
        key = keys.of_header(request.headers.get(HEADER), {"remix": job_id, "body": wanted})
        return answer(videos.accept(caller(), draft, key))

    def answer(accepted: Accepted) -> Response:
        """At once, or when the video is over, if its caller would rather wait."""
        seconds = polling.preferred_wait()
        video = follower.ended(caller(), accepted.video, seconds) if seconds else accepted.video
        return polling.accepted(video, waited=seconds, replayed=accepted.replayed)

    return routes


def _callback_url() -> str | None:
    return request.headers.get(CALLBACK_HEADER)

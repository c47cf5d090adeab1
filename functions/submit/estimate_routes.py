"""/v1/videos/estimate: what would come of a body, before anybody pays for a GPU."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify

from functions.submit.bodies import body
from functions.submit.door import caller
from functions.submit.estimates import Estimates
from functions.submit.forms import FORMS
from functions.submit.manners import ARGUMENTS, manners
from shared.core.operation import JSON, Operation, Payload, Reply
from shared.core.quote import Quote
from shared.core.wish import CreateVideo

_ESTIMATE: Final = Operation(
    id="estimateVideo",
    summary="How long a video would take",
    about="Takes the body of `POST /v1/videos` and makes no video. A body that would be refused is answered with"
    " `valid: false` and everything that is wrong with it.",
    arguments=ARGUMENTS,
    body=Payload(CreateVideo, (JSON, *FORMS), {"prompt": "A paper boat on a lake", "seconds": 5}),
    replies={200: Reply("What would come of it.", Payload(Quote))},
)


def estimate_routes(estimates: Estimates) -> Blueprint:
    routes = Blueprint("estimates", __name__, url_prefix="/v1/videos")

    @routes.post("/estimate")
    @_ESTIMATE
    def estimate() -> Response:
        return jsonify(estimates.of_body(caller(), body(), manners()))

    return routes

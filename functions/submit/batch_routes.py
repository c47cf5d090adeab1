"""/v1/videos/batch: several videos asked for at once."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from functions.submit import manners, polling
from functions.submit.batches import Batches
from functions.submit.bodies import body
from functions.submit.door import caller
from functions.submit.limits import BATCH, charge
from functions.submit.request_keys import COUNT, KEY, RequestKeys
from shared.core import batch
from shared.core.batch import CreateBatch, VideoBatch
from shared.core.operation import JSON, Operation, Payload, Reply
from shared.core.request_key import MISMATCH

_EXAMPLE: Final = {"requests": [{"prompt": "A paper boat on a lake"}, {"prompt": "A paper boat at sea", "seed": 7}]}
_CREATE_BATCH: Final = Operation(
    id="createVideoBatch",
    summary="Ask for several videos",
    about=(
        "Each entry is accepted or refused by itself; if none can be, the whole is refused. One Idempotency-Key stands"
        " for the whole: the same batch again gets the same videos, and those that could not be kept the first time."
        " Each entry counts as one request."
    ),
    arguments=(KEY, COUNT, *manners.ARGUMENTS),
    body=Payload(CreateBatch, (JSON,), _EXAMPLE),
    replies={
        200: Reply("All were asked for before.", Payload(VideoBatch), ("Preference-Applied", polling.REPLAYED)),
        202: Reply("Those that are no errors are queued.", Payload(VideoBatch), ("Preference-Applied",)),
    },
    errors=("unsupported_feature", "ssrf_blocked", MISMATCH, "queue_full"),
)


def batch_routes(batches: Batches, keys: RequestKeys, *, most: int) -> Blueprint:
    routes = Blueprint(BATCH, __name__, url_prefix="/v1/videos")

    @routes.post("/batch")
    @_CREATE_BATCH
    def create() -> Response:
        if request.mimetype != JSON:
            raise UnsupportedMediaType("send the batch as application/json: a form cannot say lists of objects")
        wanted, heard = body(), manners.manners()
        entries = batch.entries(wanted, most=most)
        charge(len(entries))
        key = keys.of_request(request.headers, caller(), {"batch": wanted}, heard)
        found = batches.accept(caller(), entries, heard, key)
        response = jsonify({"object": "list", "data": list(found.data)})
        response.status_code = 200 if found.replayed else 202
        if found.replayed:
            response.headers[polling.REPLAYED] = "true"
        if heard.lenient:
            response.headers["Preference-Applied"] = "handling=lenient"
        return response

    return routes

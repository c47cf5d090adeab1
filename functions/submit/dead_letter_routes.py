"""/admin/dead-letters: the events that the Broker gave up on, and sending them again."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, request

from functions.submit import admin_bodies
from functions.submit.admin_bodies import NoBody
from functions.submit.bodies import MAX_PAGE, limit_of
from functions.submit.door import caller
from functions.submit.redriver import Redriver
from shared.core.dead_letter_objects import Letter, LetterList, LettersRedriven
from shared.core.errors import InvalidRequest, Problem
from shared.core.operation import Argument, Operation, Payload, Reply
from shared.core.queue import Place

_LIST: Final = Operation(
    id="listDeadLetters",
    summary="List the events that the Broker gave up on",
    about="The newest 1,000 are kept. Their data are not: those of our own events stand in the videos they tell of.",
    arguments=(
        limit_of("Letters"),
        Argument("after", "Go on from here: the `next` of the page before.", {"type": "string", "format": "cursor"}),
    ),
    replies={200: Reply("A page.", Payload(LetterList))},
)
_GET: Final = Operation(
    id="getDeadLetter",
    summary="See one of them",
    replies={200: Reply("The letter.", Payload(Letter))},
    errors=("not_found",),
)
_REDRIVE: Final = Operation(
    id="redriveDeadLetter",
    summary="Send its event again",
    about="With the id that it always had, 10 times at most. One that came back dead 5 times in a row is parked.",
    body=Payload(NoBody, required=False),
    replies={202: Reply("The letter as it stands now.", Payload(Letter))},
    errors=("not_found", "dead_letter_parked", "dead_letter_changed"),
)
_REDRIVE_ALL: Final = Operation(
    id="redriveDeadLetters",
    summary="Send the events of all that are dead again",
    about="100 letters a call, who died first first. They are sent with the sweeps of every minute, and not at once.",
    body=Payload(NoBody, required=False),
    replies={202: Reply("What it came to.", Payload(LettersRedriven))},
)


def dead_letter_routes(redriver: Redriver) -> Blueprint:
    routes = Blueprint("dead_letters", __name__, url_prefix="/admin/dead-letters")

    @routes.get("")
    @_LIST
    def list_() -> Response:
        limit, after = _page()
        return jsonify(redriver.list(limit, after))

    @routes.get("/<letter_id>")
    @_GET
    def get(letter_id: str) -> Response:
        return jsonify(redriver.get(letter_id))

    @routes.post("/<letter_id>/redrive")
    @_REDRIVE
    def redrive(letter_id: str) -> tuple[Response, int]:
        admin_bodies.read(NoBody)
        return jsonify(redriver.redrive(caller(), letter_id)), 202

    @routes.post("/redrive")
    @_REDRIVE_ALL
    def redrive_all() -> tuple[Response, int]:
        admin_bodies.read(NoBody)
        return jsonify(redriver.redrive_all(caller())), 202

    return routes


def _page() -> tuple[int, Place | None]:
    """Raises: InvalidRequest."""
    found, after = [], None
    limit, text = request.args.get("limit", "20"), request.args.get("after")
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MAX_PAGE:
        found.append(Problem("/limit", f"must be a whole number from 1 to {MAX_PAGE}"))
    try:
        after = None if text is None else Place.parse(text)
    except ValueError as error:
        found.append(Problem("/after", str(error)))
    if found:
        raise InvalidRequest(*found)
    return int(limit), after

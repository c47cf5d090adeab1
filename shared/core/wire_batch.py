"""Several events in one HTTP message: the JSON batch format of CloudEvents 1.0. No I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from shared.core import wire
from shared.core.errors import InvalidRequest, Problem
from shared.core.events import Event
from shared.core.request import MAX_PROBLEMS

BATCH: Final = "application/cloudevents-batch+json"


def from_batch(body: bytes) -> Sequence[Event]:
    """The events of a batch, in its order; it may be empty.

    Raises:
        InvalidRequest: Naming what is wrong in every event; none is returned then.
    """
    try:
        items = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest(
            Problem("", "the body is not JSON, though its content type says so"), code=wire.CODE
        ) from None
    if not isinstance(items, list):
        raise InvalidRequest(Problem("", "a batch is a JSON array of events"), code=wire.CODE)
    events, problems = [], []
    for n, item in enumerate(items):
        try:
            events.append(_event(item))
        except InvalidRequest as error:
            problems += [Problem(f"/{n}{problem.pointer}", problem.detail) for problem in error.problems]
    if problems:
        raise InvalidRequest(*problems[:MAX_PROBLEMS], code=wire.CODE)
    return events


def _event(item: object) -> Event:
    """One event of a batch is what a structured message holds."""
    try:
        text = json.dumps(item)
    except RecursionError:
        raise InvalidRequest(Problem("/data", "the data is nested too deeply"), code=wire.CODE) from None
    return wire.from_http({"content-type": wire.STRUCTURED}, text.encode())

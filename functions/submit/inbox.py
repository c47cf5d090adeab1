"""Events that ask for videos, turned into jobs. Knows no Flask."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from functions.submit.drafts import Drafts
from functions.submit.handler import Videos
from functions.submit.request_keys import LONGEST, RequestKeys
from shared.core import events, wire
from shared.core.access import Caller
from shared.core.errors import Conflict, InvalidRequest, Problem
from shared.core.events import Event
from shared.core.job import Job
from shared.core.request import MAX_PROBLEMS
from shared.core.request_key import GONE, MISMATCH

log = logging.getLogger(__name__)

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context; what does not look like this is left out, as it says."""


class Inbox:
    """Takes each event once, however often it comes."""

    def __init__(self, videos: Videos, drafts: Drafts, keys: RequestKeys) -> None:
        self._videos = videos
        self._drafts = drafts
        self._keys = keys

    def receive(self, caller: Caller, found: Sequence[Event], *, batch: bool) -> None:
        """Accept the job that each event asks for; of events that are wrong in themselves, not even the others.

        Raises:
            InvalidRequest: Naming everything wrong in all of them. An event that carries the
                identity of an earlier one and other data is told only after the others were accepted.
        """
        places = [f"/{n}" if batch else "" for n in range(len(found))]
        drafts, faults = [], []
        for place, event in zip(places, found, strict=True):
            try:
                drafts.append(self._draft(caller, event))
            except InvalidRequest as error:
                faults.append(_at(place, error))
        _refuse(faults)
        for place, event, draft in zip(places, found, drafts, strict=True):
            try:
                self._accept(caller, event, draft)
            except InvalidRequest as error:
                faults.append(_at(place, error))
        _refuse(faults)

    def _draft(self, caller: Caller, event: Event) -> Job:
        if problems := list(_wrong(event)):
            raise InvalidRequest(*problems, code=wire.CODE)
        try:
            draft = self._drafts.of_body(caller, event.data).job
        except InvalidRequest as error:
            raise _at("/data", error) from None
        trace = _TRACE.fullmatch(event.extensions.get("traceparent", ""))
        return replace(draft, cause=event.id, traceparent=trace and trace[0], expires_at=_expiry(event, draft))

    def _accept(self, caller: Caller, event: Event, draft: Job) -> None:
        try:
            self._videos.accept(caller, draft, self._keys.of_event(event))
        except Conflict as error:
            # Knative repeats what is answered with 409.
            if error.code == GONE:
                log.info("event repeated after its video was deleted", extra={"event": event.id})
            elif error.code == MISMATCH:
                detail = "an earlier event of this source has this id and other data; a new event needs a new id"
                raise InvalidRequest(Problem("/id", detail), code=MISMATCH) from None
            else:
                raise


def _wrong(event: Event) -> Iterator[Problem]:
    if event.type != events.REQUESTED:
        yield Problem("/type", f"must be {events.REQUESTED}; no other type is taken here")
    for name, value in (("id", event.id), ("source", event.source)):
        # The id goes out again as a header of every event of the job.
        if len(value) > LONGEST:
            yield Problem(f"/{name}", f"must be at most {LONGEST} characters")
    if "expirytime" in event.extensions and _time(event.extensions["expirytime"]) is None:
        yield Problem("/expirytime", wire.NOT_A_TIME)


def _expiry(event: Event, draft: Job) -> datetime:
    """When the job leaves the queue: when the event expires, but neither before it came nor later than any job."""
    expiry = _time(event.extensions.get("expirytime", ""))
    return draft.expires_at if expiry is None else min(max(expiry, draft.created_at), draft.expires_at)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper()) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def _at(place: str, error: InvalidRequest) -> InvalidRequest:
    moved = (Problem(f"{place}{problem.pointer}", problem.detail) for problem in error.problems)
    return InvalidRequest(*moved, code=error.code)


def _refuse(faults: Sequence[InvalidRequest]) -> None:
    if faults:
        problems = [problem for fault in faults for problem in fault.problems]
        raise InvalidRequest(*problems[:MAX_PROBLEMS], code=faults[0].code)

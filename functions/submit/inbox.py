"""Events from outside: videos that are asked for, and those that are no longer wanted. Knows no Flask."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from functions.submit.drafts import Drafts, Manners
from functions.submit.handler import Videos
from functions.submit.request_keys import LONGEST, RequestKeys
from shared.core import events, wire
from shared.core.access import Caller
from shared.core.errors import Conflict, InvalidRequest, NotFound, Problem, Unavailable, pointer
from shared.core.events import Event
from shared.core.ids import VIDEO_ID
from shared.core.job import Job
from shared.core.request import MAX_PROBLEMS
from shared.core.request_key import GONE, MISMATCH
from shared.core.terms import Cache
from shared.core.trace import Trace

log = logging.getLogger(__name__)

Step = Callable[[], str | None]
"""What an event that is right in itself comes to; returns the id of the video that it asked for."""

_TAKEN: Final = (events.REQUESTED, events.CANCEL)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Inbox:
    """Takes each event once, however often it comes."""

    def __init__(self, videos: Videos, drafts: Drafts, keys: RequestKeys) -> None:
        self._videos = videos
        self._drafts = drafts
        self._keys = keys

    def receive(self, caller: Caller, found: Sequence[Event], *, batch: bool) -> Sequence[str | None]:
        """Do what each event asks for; of events that are wrong in themselves, not even the others.

        Returns:
            The id of the video that each asked for; None: it asked for none, or that one was deleted since.

        Raises:
            InvalidRequest: Naming everything wrong in all of them. An event that carries the
                identity of an earlier one and other data is told only after the others were done.
        """
        places = [f"/{n}" if batch else "" for n in range(len(found))]
        steps: list[Step] = []
        done: list[str | None] = []
        faults: list[InvalidRequest] = []
        for place, event in zip(places, found, strict=True):
            try:
                steps.append(self._step(caller, event))
            except InvalidRequest as error:
                faults.append(_at(place, error))
        _refuse(faults)
        for place, step in zip(places, steps, strict=True):
            try:
                done.append(step())
            except InvalidRequest as error:
                faults.append(_at(place, error))
        _refuse(faults)
        return done

    def accepted(self, caller: Caller, job_id: str) -> Event | None:
        """The reply to the event that asked for this video; None: it is gone already."""
        try:
            return events.accepted(self._videos.job(caller, job_id))
        except NotFound:
            return None

    def _step(self, caller: Caller, event: Event) -> Step:
        """Raises: InvalidRequest."""
        if problems := list(_wrong(event)):
            raise InvalidRequest(*problems, code=wire.CODE)
        try:
            if event.type == events.CANCEL:
                return partial(self._cancel, caller, self._unwanted(event))
            return partial(self._accept, caller, event, self._draft(caller, event))
        except InvalidRequest as error:
            earlier = self._earlier(caller, event) if event.type == events.REQUESTED else None
            if earlier is not None:
                return earlier
            raise _at("/data", error) from None

    def _draft(self, caller: Caller, event: Event) -> Job:
        said = event.extensions
        trace = Trace.heard(said.get("traceparent", ""), said.get("tracestate", ""))
        draft = self._drafts.of_body(caller, event.data, Manners(trace=trace)).job
        if draft.terms.cache is Cache.USE:
            detail = "use is not for events: a video that is there already sends none; ask for it over HTTPS"
            raise InvalidRequest(Problem("/cache", detail), code="unsupported_feature")
        return replace(
            draft,
            cause=event.id,
            correlation=said.get("correlationid") or None,
            expires_at=_expiry(event, draft),
        )

    def _earlier(self, caller: Caller, event: Event) -> Step | None:
        """What an event comes to that was taken before, and could not be now: its receiver's name is gone, say."""
        try:
            earlier = self._videos.made(caller, self._keys.of_event(event))
        except Conflict:
            return lambda: None  # its video was deleted
        return None if earlier is None else partial(str, earlier.video["id"])

    def _unwanted(self, event: Event) -> str:
        """The id of the video. Raises: InvalidRequest."""
        job_id = event.data.get("id")
        others = [name for name in event.data if name != "id"]
        unknown = [Problem(pointer([name]), "is not a field here; the only one is id") for name in others]
        if not isinstance(job_id, str) or VIDEO_ID.fullmatch(job_id) is None:
            raise InvalidRequest(Problem("/id", "must be the id of a video"), *unknown, code=wire.CODE)
        if unknown:
            raise InvalidRequest(*unknown, code=wire.CODE)
        return job_id

    def _accept(self, caller: Caller, event: Event, draft: Job) -> str | None:
        try:
            video = self._videos.accept(caller, draft, self._keys.of_event(event)).video
        except Conflict as error:
            # Knative repeats what is answered with 409.
            if error.code == MISMATCH:
                detail = "an earlier event of this source has this id and other data; a new event needs a new id"
                raise InvalidRequest(Problem("/id", detail), code=MISMATCH) from None
            if error.code != GONE:
                raise Unavailable(f"not accepted now: {error.code}") from error
            log.info("event repeated after its video was deleted", extra={"event": event.id})
            return None
        return str(video["id"])

    def _cancel(self, caller: Caller, job_id: str) -> None:
        """A video that is over stays as it is, and one that is gone stays gone: that is nobody's fault.

        The event may be late, or a repeat of one that was taken. One that never was cannot be told from one that is
        gone, and is not drawn either.
        """
        try:
            state = self._videos.cancelled(self._videos.job(caller, job_id)).state
        except NotFound:
            log.info("no video to cancel", extra={"job": job_id, "key_id": caller.key_id})
        else:
            log.info("video cancelled", extra={"job": job_id, "state": state, "key_id": caller.key_id})


def _wrong(event: Event) -> Iterator[Problem]:
    if event.type not in _TAKEN:
        yield Problem("/type", f"must be {' or '.join(_TAKEN)}; no other type is taken here")
    for name, value in (("id", event.id), ("source", event.source)):
        # The id goes out again as a header of every event of the job.
        if len(value) > LONGEST:
            yield Problem(f"/{name}", f"must be at most {LONGEST} characters")
    if len(event.extensions.get("correlationid", "")) > LONGEST:
        yield Problem("/correlationid", f"must be at most {LONGEST} characters")
    if "expirytime" in event.extensions and _time(event.extensions["expirytime"]) is None:
        yield Problem("/expirytime", wire.NOT_A_TIME)
    if "dataref" in event.extensions:
        yield Problem("/dataref", "data elsewhere is not fetched; send it in the event, which may have 64 KiB")


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

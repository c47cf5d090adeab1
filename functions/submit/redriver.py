"""What the platform's owner can do about dead letters: look, and have their events sent again. Knows no Flask."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from shared.core import dead_letter, events
from shared.core.access import Caller
from shared.core.dead_letter import DeadLetter, LetterState
from shared.core.errors import Conflict, NotFound, Unavailable
from shared.core.events import Event
from shared.core.queue import Place
from shared.ports.dead_letters import MOST_LETTERS
from shared.wiring import Services

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 100
"""Letters that one call for all of them takes up."""
_PAGE: Final = 100


class Redriver:
    """A letter's event is made anew from the job that it tells of, and goes the way of all events: the outbox.

    So it is sent if this process dies, it has the id that it always had, and what it says is true.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def list(self, limit: int, after: Place | None) -> dict[str, Any]:
        """A page of letters, who died last first."""
        found = self._services.dead_letters.page(limit + 1, after=after)
        part = found[:limit]
        more = len(found) > limit
        return {
            "object": "list",
            "data": [dead_letter.told(letter) for _, letter in part],
            "has_more": more,
            "next": str(part[-1][0]) if more else None,
        }

    def get(self, letter_id: str) -> dict[str, Any]:
        """Raises: NotFound."""
        return dead_letter.told(self._services.dead_letters.get(letter_id))

    def redrive(self, caller: Caller, letter_id: str) -> dict[str, Any]:
        """Send the letter's event again, now if the Broker takes it, else with recover's next sweep.

        Raises:
            NotFound.
            Conflict: It is parked, or somebody else did something about it at this moment.
        """
        letter, event = self._taken_up(self._services.dead_letters.get(letter_id))
        log.info(
            "dead letter redriven", extra={"event": letter.event_id, "state": letter.state, "key_id": caller.key_id}
        )
        if event is not None:
            self._send(event)
        return dead_letter.told(letter)

    def redrive_all(self, caller: Caller) -> dict[str, Any]:
        """Take up the letters that nobody has done anything about, who died first first.

        Their events are left to recover, which sends a bounded number with each of its sweeps: a subscriber that
        has just come back is not run over.
        """
        dead = list(self._dead())
        counts = dict.fromkeys(LetterState, 0)
        for letter in dead[:MOST_AT_ONCE]:
            try:
                counts[self._taken_up(letter)[0].state] += 1
            except Conflict as error:
                log.info("dead letter left alone", extra={"event": letter.event_id, "code": error.code})
        log.info("dead letters redriven", extra={"count": counts[LetterState.REDRIVEN], "key_id": caller.key_id})
        return {
            "object": "dead_letter.redrive",
            "redriven": counts[LetterState.REDRIVEN],
            "obsolete": counts[LetterState.OBSOLETE],
            "has_more": len(dead) > MOST_AT_ONCE,
        }

    def _dead(self) -> Iterator[DeadLetter]:
        found: list[DeadLetter] = []
        place: Place | None = None
        while len(found) < MOST_LETTERS and (part := self._services.dead_letters.page(_PAGE, after=place)):
            found += [letter for _, letter in part]
            place = part[-1][0]
        return (letter for letter in reversed(found) if letter.state is LetterState.DEAD)

    def _taken_up(self, letter: DeadLetter) -> tuple[DeadLetter, Event | None]:
        """The letter as it is kept now, and its event, which is in the outbox."""
        dead_letter.redriven(letter, letter.last.at)  # whether it may be, before anything is looked for
        event = self._again(letter)
        now = self._services.jobs.now()
        after = dead_letter.obsolete(letter) if event is None else dead_letter.redriven(letter, now)
        if not self._services.dead_letters.keep(letter, after, event):
            raise Conflict(f"{letter.id} has just changed; look at it again", code="dead_letter_changed")
        return after, event

    def _again(self, letter: DeadLetter) -> Event | None:
        """The letter's event as it may be sent today; None: it would tell nobody anything."""
        event = self._event(letter)
        if event is None:
            return None
        return replace(event, extensions={**event.extensions, events.HOPS: str(letter.hops + 1)})

    def _event(self, letter: DeadLetter) -> Event | None:
        now = self._services.jobs.now()
        if letter.event_type == events.DELIVERIES_DUE:
            return events.deliveries_due(now) if self._services.deliveries.due() else None
        try:
            job = self._services.jobs.get(letter.subject)
        except NotFound:
            return None
        if letter.event_type == events.QUEUED:
            # What died was a bell: the queue itself forgets nothing.
            return events.wake_up(job.id, now) if self._services.can_wake(job) else None
        event = events.of(job)
        return event if event is not None and event.id == letter.event_id else None

    def _send(self, event: Event) -> None:
        try:
            self._services.publisher.publish(event)
            self._services.outbox.sent(event.id)
        except Unavailable as error:
            log.warning("event not sent now, recover will", extra={"event": event.id, "error": error})

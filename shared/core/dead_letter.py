"""An event the Broker gave up on: what is kept of it, and how often it may be sent again.

Kept is what names the event and says why it died, never its data: those of our own events stand in the job, and those
of anybody else's may hold a prompt.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from shared.core.errors import Conflict
from shared.core.events import SOURCE

MOST_REDRIVES: Final = 10
"""How often one letter is sent again, all in all."""
MOST_HOPS: Final = 5
"""How often in a row an event may come back dead."""


class LetterState(StrEnum):
    DEAD = "dead"
    """Nobody has done anything about it."""
    REDRIVEN = "redriven"
    """Sent again, and not come back since."""
    OBSOLETE = "obsolete"
    """There is nothing to send: what it told of has moved on."""
    PARKED = "parked"
    """It is not sent again: it came back too often, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Death:
    """One time at which the Broker gave up: the subscriber's last status, and the code in an answer of ours."""

    at: datetime
    status: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Told of, counted, sent again on request; never obeyed."""

    id: str
    """The same for the same event and destination."""
    event_id: str
    event_type: str
    source: str
    subject: str
    destination: str
    first: Death
    last: Death
    deaths: int = 1
    hops: int = 0
    """How often it had been sent again when it died last, as the event itself says."""
    redrives: int = 0
    redriven_at: datetime | None = None
    state: LetterState = LetterState.DEAD


def letter_id(source: str, event_id: str, destination: str) -> str:
    """`dl_` and 128 bits that name an event at a destination."""
    return f"dl_{hashlib.sha256(json.dumps([source, event_id, destination]).encode()).hexdigest()[:32]}"


def buried(before: DeadLetter | None, letter: DeadLetter) -> DeadLetter:
    """What is kept once `letter` has come in. The same death told again changes nothing."""
    if before is None:
        return _parked_if_hopeless(letter)
    if letter.hops <= before.hops:
        return before
    again = replace(before, last=letter.last, deaths=before.deaths + 1, hops=letter.hops, state=LetterState.DEAD)
    return _parked_if_hopeless(again)


def redriven(letter: DeadLetter, at: datetime) -> DeadLetter:
    """The letter once its event is sent again.

    Raises:
        Conflict: It is parked (code `dead_letter_parked`).
    """
    if letter.redrives >= MOST_REDRIVES or letter.state is LetterState.PARKED:
        raise Conflict(f"{letter.id} is parked: {why_parked(letter)}", code="dead_letter_parked")
    return replace(letter, redrives=letter.redrives + 1, redriven_at=at, state=LetterState.REDRIVEN)


def obsolete(letter: DeadLetter) -> DeadLetter:
    """The letter once it turned out that there is nothing to send."""
    return replace(letter, state=LetterState.OBSOLETE)


def why_parked(letter: DeadLetter) -> str:
    if letter.source != SOURCE:
        return "it is not an event of ours, and its data were not kept; its sender can send it again"
    if letter.hops > MOST_HOPS:
        return f"it came back dead more than {MOST_HOPS} times in a row"
    return f"it was sent again {letter.redrives} times, and {MOST_REDRIVES} are the most"


def told(letter: DeadLetter) -> dict[str, Any]:
    """What the platform's owner sees of it; times in Unix seconds."""
    return {
        "id": letter.id,
        "object": "dead_letter",
        "state": letter.state.value,
        "event_id": letter.event_id,
        "event_type": letter.event_type,
        "source": letter.source,
        "subject": letter.subject,
        "destination": letter.destination,
        "deaths": letter.deaths,
        "hops": letter.hops,
        "redrives": letter.redrives,
        "redriven_at": int(letter.redriven_at.timestamp()) if letter.redriven_at else None,
        "first_error": _death(letter.first),
        "last_error": _death(letter.last),
    }


def _death(death: Death) -> dict[str, Any]:
    return {"at": int(death.at.timestamp()), "status": death.status or None, "code": death.code or None}


def _parked_if_hopeless(letter: DeadLetter) -> DeadLetter:
    hopeless = letter.source != SOURCE or letter.hops > MOST_HOPS or letter.redrives >= MOST_REDRIVES
    return replace(letter, state=LetterState.PARKED) if hopeless else letter

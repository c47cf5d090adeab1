"""What goes wrong under `--chaos SEED`, and when: all of it follows from the seed. Pure.

Two kinds of weather. Each delivery of an event has a fate: lost, late, doubled, or its answer lost. And a storm of some
six seconds after the start kills, deletes and freezes instances, preferably busy ones, and takes Redis and the Broker
away. It spares what the functions do not promise: a job fails when its worker is lost three times (MAX_ATTEMPTS), so no
Service loses an instance more than twice; and nothing touches what Redis has on its disk.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LOSSES: Final = 2
STORM: Final = 6.0
"""Seconds from the first disturbance that may come to the last."""
_CALM: Final = 0.3
_DISTURBANCES: Final = 9


class Kind(StrEnum):
    KILL = "kill"
    """SIGKILL for an instance with all its processes, as when a node is lost."""
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT seconds later: it goes on with what may be another's by then."""
    DELETE = "delete"
    """As scaling down does: SIGTERM after the drain, in the middle of a request."""
    REDIS_PAUSE = "pause Redis"
    REDIS_KILL = "kill Redis"
    BROKER_AWAY = "take the Broker away"


_COSTLY: Final = frozenset({Kind.KILL, Kind.FREEZE})
_OF_INSTANCES: Final = frozenset({*_COSTLY, Kind.DELETE})
_WEIGHTS: Final = {
    Kind.KILL: 4,
    Kind.FREEZE: 3,
    Kind.DELETE: 3,
    Kind.REDIS_PAUSE: 2,
    Kind.REDIS_KILL: 1,
    Kind.BROKER_AWAY: 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """`at` counts from the start, `seconds` is how long it lasts, `service` whose instance it meets."""

    at: float
    kind: Kind
    service: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:.1f} s {self.kind}{f' {self.service}' if self.service else ''}{lasts}"


def plan(seed: int, services: Sequence[str]) -> list[Disturbance]:
    """The storm, in its order."""
    dice = random.Random(f"storm {seed}")  # noqa: S311 - it must be the same again
    losses = dict.fromkeys(services, 0)
    storm: list[Disturbance] = []
    while len(storm) < _DISTURBANCES:
        kind = dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        service = dice.choice(services) if kind in _OF_INSTANCES else ""
        at, seconds = dice.uniform(_CALM, STORM), dice.uniform(0.3, 4.0)
        if kind in _COSTLY:
            losses[service] += 1
            if losses[service] > LOSSES:
                continue
        lasts = kind not in {Kind.KILL, Kind.DELETE, Kind.REDIS_KILL}
        storm.append(Disturbance(at=at, kind=kind, service=service, seconds=seconds if lasts else 0.0))
    return sorted(storm, key=lambda disturbance: disturbance.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Of one delivery. Those whose answer is lost are tried again while the first still goes on."""

    late: float = 0.0
    lost: bool = False
    deaf: bool = False
    """It arrives, and its answer does not."""
    again: float | None = None
    """Seconds until it comes a second time."""


def fate(seed: int, place: str, number: int) -> Fate:
    """Of the delivery that is the `number`th to `place`."""
    dice = random.Random(f"{seed} {place} {number}")  # noqa: S311
    late = dice.uniform(0, 1.5) if dice.random() < 0.3 else 0.0
    again = dice.uniform(0, 2.0) if dice.random() < 0.2 else None
    lot = dice.random()
    return Fate(late=late, again=again, lost=lot < 0.15, deaf=0.15 <= lot < 0.25)

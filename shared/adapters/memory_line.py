"""The order of the queue (schedule.py) in one process's memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.core.schedule import Turn


@dataclass(slots=True)
class Line:
    """Places of queued jobs, and of the last job of each flow, in virtual time."""

    clock: int | None = None
    """The place of the job that was taken last; at first the time when the first one joined."""
    places: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    """Those that are ahead of the clock."""

    def join(self, job_id: str, turn: Turn, now: int) -> None:
        """Give the job its place; the clock begins at `now`."""
        place = self.clock = now if self.clock is None else self.clock
        if turn.flow is not None:
            place = max(place, self.flows.get(turn.flow, place))
        self.places[job_id] = place + turn.cost
        if turn.flow is not None:
            self.flows[turn.flow] = place + turn.cost

    def take(self, job_id: str) -> None:
        """The job is drawn next: the clock goes on to its place."""
        place = self.places.pop(job_id)
        self.clock = place if self.clock is None else max(self.clock, place)
        self.flows = {flow: last for flow, last in self.flows.items() if last > place}

    def leave(self, job_id: str, unused: Turn | None) -> None:
        """The job leaves undrawn; what its flow paid for it goes back."""
        self.places.pop(job_id, None)
        if unused is not None and unused.flow in self.flows:
            self.flows[unused.flow] -= unused.cost

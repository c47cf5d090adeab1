"""The order of the queue (schedule.py) in one process's memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.core import schedule
from shared.core.schedule import Flow, Turn


@dataclass(slots=True)
class Line:
    """Places of queued jobs, and of the last job of each flow, in virtual time."""

    clock: int | None = None
    """The place of the job that was taken last; at first the time when the first one joined."""
    places: dict[str, int] = field(default_factory=dict)
    flows: dict[str, int] = field(default_factory=dict)
    """Those that are ahead of the clock."""
    users: dict[str, dict[str, int]] = field(default_factory=dict)
    """The places of the last jobs of users, by flow and user."""

    def join(self, job_id: str, turn: Turn, now: int) -> None:
        """Give the job its place; the clock begins at `now`."""
        clock = self.clock = now if self.clock is None else self.clock
        if turn.flow is None:
            self.places[job_id] = clock + turn.cost
            return
        last = max(clock, self.flows.get(turn.flow, clock))
        end = self.flows[turn.flow] = last + turn.cost
        self.places[job_id] = end if turn.user is None else self._joined(turn.flow, turn.user, turn, clock, last)

    def _joined(self, flow: str, user: str, turn: Turn, clock: int, last: int) -> int:
        """The place of a user's job."""
        ahead = {name: place for name, place in self.users.get(flow, {}).items() if place > clock}
        own, others = ahead.get(user, clock), len(ahead.keys() - {user})
        entry = schedule.entry(turn, Flow(clock=clock, last=last, own=own, others=others))
        place = min(max(own, entry.start) + entry.charge, last + turn.cost)
        self.users[flow] = ahead | {user: place}
        return place

    def take(self, job_id: str) -> None:
        """The job is drawn next: the clock goes on to its place."""
        place = self.places.pop(job_id)
        self.clock = place if self.clock is None else max(self.clock, place)
        self.flows = {flow: last for flow, last in self.flows.items() if last > place}
        self.users = {flow: users for flow, users in self.users.items() if flow in self.flows}

    def leave(self, job_id: str, unused: Turn | None) -> None:
        """The job leaves undrawn; what its flow paid for it goes back."""
        self.places.pop(job_id, None)
        if unused is not None and unused.flow in self.flows:
            self.flows[unused.flow] -= unused.cost

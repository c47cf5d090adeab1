"""One pool of GPUs for short and long videos, against two lanes: python bench/lanes.py [--quick].

A day in virtual time. The queue, the claims, the slices and who makes room for whom are the platform's own, over the
memory store; only a drawing is replaced by its seconds (work.py, an H200 with stock kernels). Cold starts are left out.
A lane draws whole videos, in requests of an hour, and its number of GPUs is somebody's guess of the mix to come.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shared.adapters.memory import Memory
from shared.adapters.memory_jobs import MemoryJobStore
from shared.core.caps import NO_CAPS
from shared.core.job import Completed, Job, Yielded
from shared.core.overtaking import makes_room
from shared.core.priority import Priority
from shared.core.terms import Terms
from shared.core.work import Work, architecture
from tests.stores import OUTPUT, REQUEST, START, new_job

GPUS: Final = 8
LOOK: Final = 5.0
"""Seconds between two looks at who waits (functions/generate/patience.py); here everything happens then."""
SLICE: Final = 540.0
LEASE: Final = timedelta(days=9)
LONG: Final = replace(
    REQUEST, model="mochi-1-preview", width=848, height=480, num_frames=163, num_inference_steps=100, seed=7
)
SHORT: Final = replace(LONG, num_frames=31, num_inference_steps=64)


def seconds(job: Job) -> float:
    return architecture(job.request.model).seconds(Work.of(job.request))


@dataclass(slots=True)
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Gpu:
    job: Job | None = None
    since: float = 0.0


@dataclass(slots=True)
class Lane:
    """Some GPUs before one queue."""

    gpus: Sequence[Gpu]
    clock: Clock
    slice: float = SLICE
    makes_room: bool = True
    left: dict[str, float] = field(default_factory=dict)
    """Seconds still to draw, by job."""
    first: dict[str, datetime] = field(default_factory=dict)
    ended: list[Job] = field(default_factory=list)
    jobs: MemoryJobStore = field(init=False)
    _memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        self._memory = Memory(clock=self.clock, retention=timedelta(days=1), caps=NO_CAPS)
        self.jobs = MemoryJobStore(self._memory)

    def ask(self, job: Job) -> None:
        self.jobs.create(job)
        self.left[job.id] = seconds(job)

    def look(self, at: float) -> None:
        for gpu in self.gpus:
            self._go_on(gpu, at)
        for gpu in self.gpus:
            if gpu.job is None:
                self._claim(gpu, at)

    def _claim(self, gpu: Gpu, at: float) -> None:
        if (job := self.jobs.claim(f"a{at}-{id(gpu)}", LEASE)) is None:
            return
        gpu.job, gpu.since = job, at
        self.first.setdefault(job.id, self.clock.now)

    def _go_on(self, gpu: Gpu, at: float) -> None:
        if (job := gpu.job) is None or job.attempt is None:
            return
        self.left[job.id] -= LOOK
        if self.left[job.id] <= 0:
            self.ended.append(self.jobs.apply(job.id, Completed(job.attempt, OUTPUT)))
            del self._memory.jobs[job.id]  # or each look would go through a day's jobs
        elif at - gpu.since >= self.slice or self._overtaken(job):
            self.jobs.apply(job.id, Yielded(job.attempt))
        else:
            return
        gpu.job = None

    def _overtaken(self, job: Job) -> bool:
        share = self.left[job.id] / seconds(job)
        waiting = self.jobs.waiting(1) if self.makes_room else []
        return any(makes_room(job, share, self.jobs.get(each), self.clock.now) for each in waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What is asked for: GPUs kept busy by each length, on average, and long ones that come all at once."""

    short: float
    long: float
    at_once: int = 0
    tenant: str = "grace"
    """Who asks for the long ones; ada asks for the short ones."""
    priority: Priority = Priority.NORMAL
    """Of the long ones."""
    user: str = ""
    """For whom the long ones are, of their tenant's users; the short ones are for lovelace, if anybody is named."""

    def job(self, at: datetime, *, long: bool) -> Job:
        tenant, priority = (self.tenant, self.priority) if long else ("ada", Priority.NORMAL)
        labels = {"user": self.user if long else "lovelace"} if self.user else {}
        asked = {"request": LONG if long else SHORT, "terms": Terms(priority=priority), "metadata": labels}
        return new_job(at, tenant=tenant, webhook=None, expires_at=START + LEASE, **asked)

    def asked(self, hours: float) -> Iterator[tuple[float, bool]]:
        """When, and whether it is long."""
        dice = random.Random(28)
        wanted = [(3600.0, True)] * self.at_once
        for busy, long in ((self.short, False), (self.long, True)):
            at, apart = 0.0, seconds(self.job(START, long=long)) / busy
            while (at := at + dice.expovariate(1 / apart)) < hours * 3600:
                wanted.append((at, long))
        yield from sorted(wanted)


DAYS: Final = {
    "as the lanes were cut": Day(short=3, long=3),
    "mostly short": Day(short=5.5, long=0.5),
    "mostly long": Day(short=0.5, long=5.5),
    "50 long ones at once": Day(short=3, long=1, at_once=50),
    "  of the same tenant": Day(short=3, long=1, at_once=50, tenant="ada"),
    "  the same, as low": Day(short=3, long=1, at_once=50, tenant="ada", priority=Priority.LOW),
    "  for another user": Day(short=3, long=1, at_once=50, tenant="ada", user="byron"),
}
LAYOUTS: Final = {"one pool of 8": None, "4 short, 4 long": 4, "6 short, 2 long": 6}
"""How many GPUs draw short videos only."""


@dataclass(frozen=True, slots=True)
class End:
    long: bool
    waited: float
    """Seconds to its first step, and to its end."""
    took: float


def played(day: Day, reserved: int | None, hours: float) -> tuple[list[End], float]:
    """Each video's end, and the GPU-hours that were asleep while some video waited in the other lane."""
    clock, gpus = Clock(), [Gpu() for _ in range(GPUS)]
    if reserved is None:
        short = long = Lane(gpus, clock)
    else:
        short = Lane(gpus[:reserved], clock, makes_room=False)
        long = Lane(gpus[reserved:], clock, slice=6 * SLICE, makes_room=False)
    lanes = [short] if short is long else [short, long]
    coming, at, asleep = list(day.asked(hours)), 0.0, 0.0
    while coming or any(gpu.job for gpu in gpus) or any(lane.jobs.waiting(1) for lane in lanes):
        at += LOOK
        clock.now = START + timedelta(seconds=at)
        while coming and coming[0][0] <= at:
            _, is_long = coming.pop(0)
            clock.now += timedelta(milliseconds=1)
            job = day.job(clock.now, long=is_long)
            (long if is_long else short).ask(job)
        for lane in lanes:
            lane.look(at)
        if any(lane.jobs.waiting(1) for lane in lanes):
            asleep += LOOK * sum(gpu.job is None for gpu in gpus)
    ends = [
        End(
            job.request == LONG,
            (lane.first[job.id] - job.created_at).total_seconds(),
            (job.changed_at - job.created_at).total_seconds(),
        )
        for lane in lanes
        for job in lane.ended
    ]
    return ends, asleep / 3600


def row(ends: Sequence[End], *, long: bool) -> str:
    waited = [end.waited for end in ends if end.long is long]
    parts = quantiles(waited, n=20, method="inclusive")
    told = (parts[9], parts[18], max(waited), max(end.took for end in ends if end.long is long))
    return " ".join(f"{number:6.0f}" for number in told)


def main() -> None:
    hours = 2.0 if "--quick" in sys.argv[1:] else 24.0
    short, long = (seconds(DAYS["mostly short"].job(START, long=each)) for each in (False, True))
    print(f"{GPUS} GPUs, {hours:g} hours; a short video is {short:.0f} s of a GPU, a long one {long:.0f} s")
    print(
        "seconds that videos wait for their first step (median, 95 of 100, longest), and the longest from asked to done"
    )
    print(f"{'':38} {'short ones':^27}    {'long ones':^27}   asleep beside a queue")
    for name, day in DAYS.items():
        # To lanes it is the same who asks, and how urgently.
        for layout, reserved in list(LAYOUTS.items())[: 1 if day.tenant == "ada" else None]:
            ends, asleep = played(day, reserved, hours)
            short_ones, long_ones = row(ends, long=False), row(ends, long=True)
            print(f"{name:21} {layout:16} {short_ones}    {long_ones}   {asleep:6.1f} GPU-hours")


if __name__ == "__main__":
    main()

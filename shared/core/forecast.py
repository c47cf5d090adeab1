"""When a video will be there, as far as anybody can know: the work before it, the workers, its own work."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final, Self

from shared.core import schedule
from shared.core.estimate import Estimate, Pace, cold_start_s
from shared.core.job import Job, JobState
from shared.core.progress import Phase, Progress
from shared.core.run import Run
from shared.core.standing import Standing
from shared.core.work import Work

AWAKE: Final = timedelta(seconds=60)
"""So long a worker surely stays awake after its last video: the shortest that Knative looks back on."""
LATE: Final = 3
"""Cold starts after which nobody believes any more that a worker will come."""
_UPLOAD_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is foretold of one job: whole seconds until its video is there, and whether a worker is waking for it."""

    eta_s: int | None = None
    """None: nobody knows, or there will be none."""
    waking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The platform at one instant, as much of it as decides how long a job waits."""

    workers: int
    """How many there can be, as far as it looks."""
    waiting: int
    running: int
    paused: bool
    """Nothing is handed out: nobody can say until when."""
    cold_start_s: float
    paces: Mapping[tuple[str, str | None], Pace]
    """By model and GPU; None: any GPU."""
    before_s: Sequence[float]
    """The work before the first in the queue, before the second, and so on, as far as it was looked at."""
    usual_s: float
    """The work of a job that was not looked at."""
    drawn_at: datetime | None
    """When the latest video was there; None: nobody knows of any."""

    @classmethod
    def of(
        cls,
        front: Sequence[Job],
        runs: Sequence[Run],
        *,
        workers: int,
        waiting: int,
        running: int,
        oldest: timedelta = timedelta(0),
        paused: bool = False,
    ) -> Self:
        """`front` are the first in the queue, best first; `runs` the newest first.

        There can be so many `workers`. When the first in line has waited for one far longer than a cold
        start takes (`oldest`), those that draw are all that there are.
        """
        cold = cold_start_s(runs)
        late = oldest.total_seconds() > LATE * cold
        known = dict.fromkeys((run.work.model, gpu) for run in runs for gpu in (None, run.gpu))
        paces = {(model, gpu): Pace.of(model, runs, gpu=gpu) for model, gpu in known}
        works = [_estimate(paces, Work.of(job.request)).p50_s for job in front]
        usual = works or [run.seconds for run in runs]
        return cls(
            workers=min(workers, running) if running and late else workers,
            waiting=waiting,
            running=running,
            paused=paused,
            cold_start_s=cold,
            paces=paces,
            before_s=[0.0, *accumulate(works)],
            usual_s=sum(usual) / len(usual) if usual else 0.0,
            drawn_at=max((run.at for run in runs), default=None),
        )

    def estimate(self, work: Work, gpu: str | None = None) -> Estimate:
        return _estimate(self.paces, work, gpu)

    def outlook(self, standing: Standing, at: datetime) -> Outlook:
        """Of a job that stands so, as seen `at`."""
        job, progress = standing.job, standing.progress
        own = self.estimate(Work.of(job.request), progress.gpu if progress else None)
        if job.state is JobState.RUNNING:
            return Outlook(_whole(left_s(progress, own)))
        if job.state is not JobState.QUEUED or standing.position is None or self.paused:
            return Outlook()
        age = (at - job.queued_at).total_seconds()
        held_back = schedule.rest(job, at).total_seconds()
        wait = max(self.wait_s(standing.position, waited_s=max(age, 0.0)), held_back)
        return Outlook(_whole(wait + own.p50_s), self.must_wake(standing.position))

    def next_eta_s(self, own: Estimate, at: datetime) -> int | None:
        """Whole seconds until a video with that estimate is there if it is queued now; None: nobody can say."""
        if self.paused:
            return None
        return _whole((0.0 if self._idles(at) else self.wait_s(self.waiting)) + own.p50_s)

    def next_wakes(self, at: datetime) -> bool | None:
        """Whether a worker must wake for a video that is queued now; None: nobody can say."""
        return None if self.paused else not self._idles(at) and self.must_wake(self.waiting)

    def must_wake(self, position: int) -> bool:
        """Whether a worker is called for the job in this place and is not there yet: one that was would have it."""
        return not self.paused and position < self.workers - self.running

    def _idles(self, at: datetime) -> bool:
        """Whether a worker is awake and has nothing to do."""
        return self.waiting == self.running == 0 and self.drawn_at is not None and at - self.drawn_at < AWAKE

    def wait_s(self, position: int, *, waited_s: float = 0.0) -> float:
        """Until the job in this place is begun. It has `waited_s` for its worker already, if one must wake for it."""
        if self.must_wake(position):
            return max(self.cold_start_s - waited_s, 0.0)
        known = min(position, len(self.before_s) - 1)
        before = self.before_s[known] + (position - known) * self.usual_s
        # Those that run are half done on the average; those that must wake first begin later.
        idle = max(self.workers - self.running, 0)
        return (before + self.running * self.usual_s / 2 + idle * self.cold_start_s) / self.workers


def left_s(progress: Progress | None, own: Estimate) -> float:
    """What is left of a drawing, from its own pace as soon as it has one."""
    match progress:
        case Progress(phase=Phase.DENOISING, step=step, total_steps=total) if total > 0:
            return (total - step) * _step_s(progress, own) + own.rest_s
        case Progress(phase=Phase.DECODING):
            return own.rest_s
        case Progress(phase=Phase.UPLOADING):
            return min(_UPLOAD_S, own.rest_s)
    return own.p50_s


def _step_s(progress: Progress, own: Estimate) -> float:
    drawn, taken = progress.step - progress.resumed_from, progress.timings.denoise_s
    return taken / drawn if drawn > 0 and taken is not None else own.denoise_s / progress.total_steps


def _estimate(paces: Mapping[tuple[str, str | None], Pace], work: Work, gpu: str | None = None) -> Estimate:
    pace = paces.get((work.model, gpu)) or paces.get((work.model, None)) or Pace()
    return pace.estimate(work)


def _whole(seconds: float) -> int:
    return max(math.ceil(seconds), 1)

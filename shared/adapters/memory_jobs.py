"""The JobStore in one process's memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from shared.adapters.memory import Memory
from shared.core import counted_call, effects, reuse, schedule
from shared.core.counted_call import Answered, CountedCall, remembered
from shared.core.errors import Conflict, NotFound, StaleAttempt
from shared.core.job import Change, Claimed, Job, advance, discard, grew_from
from shared.core.moment import micros
from shared.core.progress import Progress
from shared.core.request_key import KeyUse, RequestKey, first, hold
from shared.core.standing import Standing
from shared.ports import Holding, Page, QueueDepth


class MemoryJobStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def now(self) -> datetime:
        return self._memory.clock()

    def create(self, job: Job, *, key: RequestKey | CountedCall | None = None) -> Job:
        with self._memory.lock:
            at = self.now()
            if isinstance(key, RequestKey) and (earlier := self._made(job.tenant, key, at)) is not None:
                return earlier
            kept = self._memory.jobs.get(job.id)
            if kept is not None:
                if not grew_from(kept, job):
                    raise Conflict(f"there is another job {job.id}", code="job_exists")
                return kept
            if isinstance(key, CountedCall) and (answered := self._answered(job, key, at)) is not None:
                return answered
            if (drawn := self._drawn(job)) is not None:
                self._name(drawn, key, at)
                return drawn
            waiting = self._queue()
            self._memory.caps.admit(waiting=len(waiting), own=sum(queued.tenant == job.tenant for queued in waiting))
            self._name(job, key, at)
            if isinstance(key, CountedCall):
                answers = self._answers(job, key, at)
                for old in [name for name, given in self._memory.answers.items() if not remembered(given, key, at)]:
                    del self._memory.answers[old]
                self._memory.answers[job.tenant, key.name] = counted_call.created(answers, key, at, job.id)
            return self._write(job, at)

    def made(self, tenant: str, key: RequestKey) -> Job | None:
        with self._memory.lock:
            return self._made(tenant, key, self.now())

    def get(self, job_id: str) -> Job:
        with self._memory.lock:
            if job_id not in self._memory.jobs:
                raise NotFound(f"there is no job {job_id}")
            return self._memory.jobs[job_id]

    def apply(self, job_id: str, change: Change) -> Job:
        with self._memory.lock:
            at = self.now()
            after = advance(self.get(job_id), change, at)
            if after.attempt is None:
                self._memory.leases.pop(job_id, None)
            else:
                # Only a claim brings a lease. A Claimed that comes by here has one that is over at once.
                self._memory.leases.setdefault(job_id, at)
            return self._write(after, at)

    def page(self, tenant: str, *, limit: int, after: str | None = None, ascending: bool = False) -> Page:
        with self._memory.lock:
            ids = [job.id for job in self._memory.jobs.values() if job.tenant == tenant and self._index(job).listed]
            if after is not None:
                ids = [i for i in ids if (i > after if ascending else i < after)]
            ids.sort(reverse=not ascending)
            return Page([self._memory.jobs[i] for i in ids[:limit]], has_more=len(ids) > limit)

    def claim(self, attempt: str, lease: timedelta) -> Job | None:
        with self._memory.lock:
            at = self.now()
            for held in self._memory.jobs.values():
                if held.attempt == attempt:
                    return held
            if self._memory.pause is not None:
                return None
            job = next(self._free(at), None)
            if job is None:
                return None
            self._memory.leases[job.id] = at + lease
            self._memory.line.take(job.id)
            return self._write(advance(job, Claimed(attempt), at), at)

    def renew(self, job_id: str, attempt: str, lease: timedelta) -> Job:
        with self._memory.lock:
            job = self.get(job_id)
            if job.attempt != attempt:
                raise StaleAttempt(f"{job_id} is {job.state} and not held by the attempt that spoke")
            self._memory.leases[job_id] = self.now() + lease
            return job

    def report(self, job_id: str, progress: Progress) -> None:
        with self._memory.lock:
            self._memory.reports[job_id, progress.attempt] = progress
            self._memory.peaks[job_id] = max(self._memory.peaks.get(job_id, 0), progress.percent)
            self._memory.say(job_id)

    def progress(self, job: Job) -> tuple[Progress | None, int]:
        with self._memory.lock:
            present = self._memory.reports.get((job.id, job.attempt)) if job.attempt else None
            return present, self._memory.peaks.get(job.id, 0)

    def standing(self, job_id: str) -> Standing:
        with self._memory.lock:
            job = self.get(job_id)
            return Standing(job, *self.progress(job), self.position(job))

    def standings(self, job_ids: Sequence[str]) -> Sequence[Standing | None]:
        with self._memory.lock:
            return [self.standing(i) if i in self._memory.jobs else None for i in job_ids]

    def standings_of(self, jobs: Sequence[Job]) -> Sequence[Standing]:
        with self._memory.lock:
            return [Standing(job, *self.progress(job), self.position(job)) for job in jobs]

    def position(self, job: Job) -> int | None:
        with self._memory.lock:
            ids = [queued.id for queued in self._queue()]
        return ids.index(job.id) if job.id in ids else None

    def depth(self) -> QueueDepth:
        with self._memory.lock:
            return QueueDepth(
                waiting=len(self._memory.line.places),
                running=len(self._memory.leases),
                oldest=self._memory.oldest(self.now()),
                paused=self._memory.pause is not None,
            )

    def expired_leases(self, limit: int) -> Sequence[Holding]:
        with self._memory.lock:
            now = self.now()
            past = sorted((until, job_id) for job_id, until in self._memory.leases.items() if until <= now)
            holders = ((job_id, self._memory.jobs[job_id].attempt) for _, job_id in past)
            return [Holding(job_id, attempt) for job_id, attempt in holders if attempt is not None][:limit]

    def overdue(self, limit: int) -> Sequence[str]:
        with self._memory.lock:
            now = self.now()
            return [job.id for at, job in self._by(lambda index: index.expiry) if at <= now][:limit]

    def timed_out(self, limit: int) -> Sequence[str]:
        with self._memory.lock:
            now = self.now()
            return [job.id for at, job in self._by(lambda index: index.deadline) if at <= now][:limit]

    def waiting(self, limit: int) -> Sequence[str]:
        with self._memory.lock:
            return [job.id for job in self._free(self.now())][:limit]

    def discard(self, job_id: str) -> None:
        with self._memory.lock:
            self._memory.jobs[job_id] = discard(self.get(job_id))
            self._memory.say(job_id)

    def removable(self, limit: int) -> Sequence[str]:
        with self._memory.lock:
            now = self.now()
            return [job.id for at, job in self._by(lambda index: index.removal) if at <= now][:limit]

    def forget(self, job_id: str) -> None:
        with self._memory.lock:
            job = self._memory.jobs.get(job_id)
            if job is not None and not job.state.is_final:
                raise Conflict(f"{job_id} is {job.state}", code="not_final")
            if job is not None and (life := effects.remembered(job, self._memory.retention)):
                self._memory.remembered[job_id] = (self.now() + life, job.tenant)
            self._memory.jobs.pop(job_id, None)
            self._memory.drawn = {like: of for like, of in self._memory.drawn.items() if of != job_id}
            self._memory.peaks.pop(job_id, None)
            for report in [report for report in self._memory.reports if report[0] == job_id]:
                del self._memory.reports[report]
            self._memory.say(job_id)

    def remembered(self, job_id: str) -> str | None:
        with self._memory.lock:
            at = self.now()
            for ended in [name for name, (end, _) in self._memory.remembered.items() if end <= at]:
                del self._memory.remembered[ended]
            _, tenant = self._memory.remembered.get(job_id, (at, None))
            return tenant

    def ping(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _free(self, at: datetime) -> Iterator[Job]:
        """The jobs that may be taken, of each tenant as many as may be drawn beside those that are."""
        running = Counter(self._memory.jobs[held].tenant for held in self._memory.leases)
        for job in self._queue():
            if schedule.may_begin(job, at) and self._memory.caps.may_run(running[job.tenant]):
                running[job.tenant] += 1
                yield job

    def _queue(self) -> list[Job]:
        """Queued jobs, the next one first."""
        places = self._memory.line.places.items()
        return [self._memory.jobs[job_id] for job_id, _ in sorted(places, key=lambda place: (place[1], place[0]))]

    def _made(self, tenant: str, key: RequestKey, at: datetime) -> Job | None:
        if key.whole is not None and (whole := self._use(tenant, key.whole, at)) is not None:
            hold(key, whole)
        use = self._use(tenant, key.name, at)
        return None if use is None else first(key, use, self._memory.jobs.get(use.job_id))

    def _use(self, tenant: str, name: str, at: datetime) -> KeyUse | None:
        for ended in [name for name, (end, _) in self._memory.requests.items() if end <= at]:
            del self._memory.requests[ended]
        _, use = self._memory.requests.get((tenant, name), (at, None))
        return use

    def _name(self, job: Job, key: RequestKey | CountedCall | None, at: datetime) -> None:
        if isinstance(key, RequestKey):
            for name in key.names:
                self._memory.requests.setdefault((job.tenant, name), (at + key.life, KeyUse(job.id, key.fingerprint)))

    def _drawn(self, job: Job) -> Job | None:
        likeness = reuse.wanted(job)
        earlier = self._memory.jobs.get(self._memory.drawn.get((job.tenant, likeness), "")) if likeness else None
        return earlier if reuse.serves(job, earlier) else None

    def _answers(self, job: Job, call: CountedCall, at: datetime) -> tuple[Answered, ...]:
        return remembered(self._memory.answers.get((job.tenant, call.name), ()), call, at)

    def _answered(self, job: Job, call: CountedCall, at: datetime) -> Job | None:
        answers = self._answers(job, call, at)
        while (answer := counted_call.taken(answers, call, job.id)) is not None:
            earlier = self._memory.jobs.get(answer.job_id)
            if earlier is not None and not earlier.discarded:
                given = counted_call.given(answers, answer, call, at, job.id)
                self._memory.answers[job.tenant, call.name] = given
                return earlier
            answers = counted_call.without(answers, answer)
        return None

    def _index(self, job: Job) -> effects.Index:
        return effects.index(job, self._memory.retention)

    def _by(self, time: Callable[[effects.Index], datetime | None]) -> list[tuple[datetime, Job]]:
        """The jobs that have this time in their index, ordered by it, then by id."""
        found = ((time(self._index(job)), job) for job in self._memory.jobs.values())
        return sorted(((at, job) for at, job in found if at is not None), key=lambda pair: (pair[0], pair[1].id))

    def _write(self, job: Job, at: datetime) -> Job:
        """Keep the job with all that follows from it."""
        before, self._memory.jobs[job.id] = self._memory.jobs.get(job.id), job
        if before is not None:
            self._memory.line.leave(job.id, schedule.unused(before, job))
        if (turn := self._index(job).turn) is not None:
            self._memory.line.join(job.id, turn, micros(at))
        if (likeness := reuse.offered(job)) is not None:
            self._memory.drawn[job.tenant, likeness] = job.id
        event, wait = effects.event(job), effects.wait(job)
        if event is not None:
            self._memory.events[event.id] = (at, event)
        for callback in effects.callbacks(job, list(self._memory.endpoints.get(job.tenant, {}).values())):
            self._memory.deliveries[callback.id] = callback
        if wait is not None:
            self._memory.waits.append((at, wait))
        self._memory.say(job.id)
        return job

"""Any sequence of calls leaves a JobStore as a plain dict and `advance` say.

More and longer sequences: pytest --hypothesis-profile=thorough
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from shared.core import delivery, events, schedule
from shared.core.delivery import DeliveryState
from shared.core.errors import Conflict, IllegalChange, NotFound, StaleAttempt
from shared.core.job import (
    CancelRequested,
    Change,
    Claimed,
    Expired,
    Job,
    JobState,
    LeaseExpired,
    Purged,
    Released,
    advance,
    discard,
)
from shared.core.moment import micros
from shared.core.priority import Priority
from shared.core.request_key import RequestKey
from shared.core.terms import Terms
from shared.ports import Holding
from tests.servers import Valkey
from tests.stores import HOOK, LEASE, REQUEST, WORKER_CHANGES, Stores, memory_stores, new_job, redis_stores

BLINK: Final = timedelta(milliseconds=1)
"""A lease that is over when anybody looks."""
TENANTS: Final = ("ada", "bob")

CHANGES: Final = (lambda _: CancelRequested(), lambda _: Expired(), lambda _: Purged(), *WORKER_CHANGES)


class JobStoreMachine(RuleBasedStateMachine):
    """One store, and beside it what it should hold."""

    jobs = Bundle("jobs")
    attempts = Bundle("attempts")

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        self.stores = stores
        self.began = stores.jobs.now()
        self.names = count()
        self.created: list[str] = []
        self.model: dict[str, Job] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        """The job and the body of the first request under each key."""
        self.short: set[str] = set()
        """Jobs on a lease that is over."""
        self.places: dict[str, int] = {}
        """Of queued jobs, in virtual time."""
        self.flows: dict[str | None, int] = {}
        self.clock: int | None = None
        self.resting: set[str] = set()
        """Jobs that were released and have not been changed since."""
        self.unsent: list[str] = []
        self.callbacks: dict[str, str] = {}
        """By job; they stay when the job is forgotten."""

    @rule(
        target=jobs,
        tenant=st.sampled_from(TENANTS),
        webhook=st.sampled_from([HOOK, None]),
        max_losses=st.integers(1, 3),
        patience=st.sampled_from([timedelta(days=1), timedelta(days=1), timedelta(seconds=-1)]),
        priority=st.sampled_from(Priority),
        steps=st.sampled_from([4, 100]),
        ahead=st.sampled_from([timedelta(0), timedelta(0), timedelta(minutes=5)]),
    )
    def create(self, patience: timedelta, priority: Priority, steps: int, ahead: timedelta, **fields) -> str:
        """`ahead`: the clock that gave the job its time is set back after it."""
        at = self.stores.jobs.now() + ahead
        request, terms = replace(REQUEST, num_inference_steps=steps), Terms(priority=priority)
        job = new_job(at, expires_at=at + patience, request=request, terms=terms, **fields)
        assert job == self.stores.jobs.create(job)
        self.follow(job)
        self.created.append(job.id)
        return job.id

    @rule(job_id=jobs)
    def create_again(self, job_id: str) -> None:
        if job_id in self.model:
            job = self.model[job_id]
            assert job == self.stores.jobs.create(replace(job, state=JobState.QUEUED, version=0, attempt=None))
            with pytest.raises(Conflict):
                self.stores.jobs.create(replace(job, tenant="mallory"))

    @rule(target=jobs, tenant=st.sampled_from(TENANTS), name=st.sampled_from("ab"), body=st.sampled_from("xxy"))
    def create_under_a_key(self, tenant: str, name: str, body: str):
        job = new_job(self.stores.jobs.now(), tenant=tenant)
        key = RequestKey(name=name, fingerprint=body, life=timedelta(days=1))
        if (tenant, name) not in self.keys:
            self.keys[tenant, name] = (job.id, body)
            assert job == self.stores.jobs.create(job, key=key)
            self.follow(job)
            self.created.append(job.id)
            return job.id
        first_id, first_body = self.keys[tenant, name]
        first = self.model.get(first_id)
        if body == first_body and first is not None and not first.discarded:
            assert first == self.stores.jobs.create(job, key=key)
        else:
            with pytest.raises(Conflict):
                self.stores.jobs.create(job, key=key)
        return multiple()

    @rule(target=attempts, lease=st.sampled_from([BLINK, LEASE]))
    def claim(self, lease: timedelta):
        attempt = f"attempt{next(self.names)}"
        now = self.stores.jobs.now()
        free = [job for job in self.queue() if job.attempts or job.expires_at > now]
        claimed = self.stores.jobs.claim(attempt, lease)
        if claimed is None:
            assert [] == free
            return multiple()
        assert free[0].id == claimed.id
        self.clock = max(self.places[claimed.id], self.clock or 0)
        self.follow_change(free[0], Claimed(attempt), claimed)
        if lease == BLINK:
            self.short.add(claimed.id)
        return attempt

    @rule(attempt=attempts)
    def claim_again(self, attempt: str) -> None:
        held = [job for job in self.model.values() if job.attempt == attempt]
        if held:
            assert held == [self.stores.jobs.claim(attempt, LEASE)]

    @rule()
    def claim_while_paused(self) -> None:
        self.stores.queue.pause("")
        assert self.stores.jobs.depth().paused
        assert None is self.stores.jobs.claim(f"attempt{next(self.names)}", LEASE)
        self.stores.queue.resume()

    @rule(job_id=jobs, attempt=attempts, lease=st.sampled_from([BLINK, LEASE]))
    def renew_any(self, job_id: str, attempt: str, lease: timedelta) -> None:
        job = self.model.get(job_id)
        if job is not None and job.attempt == attempt:
            self.renew(job, attempt, lease)
            return
        with pytest.raises(StaleAttempt if job is not None else NotFound):
            self.stores.jobs.renew(job_id, attempt, lease)

    @rule(attempt=attempts, lease=st.sampled_from([BLINK, LEASE]))
    def renew_own(self, attempt: str, lease: timedelta) -> None:
        for job in [job for job in self.model.values() if job.attempt == attempt]:
            self.renew(job, attempt, lease)

    @rule(job_id=jobs, attempt=attempts, change=st.sampled_from(CHANGES))
    def change_any(self, job_id: str, attempt: str, change: Callable[[str], Change]) -> None:
        self.change(job_id, change(attempt))

    @rule(job_id=jobs, change=st.sampled_from(CHANGES))
    def change_rightly(self, job_id: str, change: Callable[[str], Change]) -> None:
        job = self.model.get(job_id)
        self.change(job_id, change(job.attempt if job is not None and job.attempt else "nobody"))

    @rule()
    def requeue_expired_leases(self) -> None:
        time.sleep(2 * BLINK.total_seconds())
        self.stores.wait(2 * BLINK)
        found = self.stores.jobs.expired_leases(100)
        expected = {Holding(i, str(self.model[i].attempt)) for i in self.short}
        assert (len(expected), expected) == (len(found), set(found))
        for holding in found:
            self.change(holding.job_id, LeaseExpired(holding.attempt))

    @rule()
    def expire_overdue(self) -> None:
        now = self.stores.jobs.now()
        overdue = [job for job in self.queue() if job.expires_at <= now and not job.attempts]
        overdue.sort(key=lambda job: (job.expires_at, job.id))
        assert [job.id for job in overdue] == self.stores.jobs.overdue(100)
        for job in overdue:
            self.change(job.id, Expired())

    @rule(job_id=jobs)
    def discard(self, job_id: str) -> None:
        if job_id not in self.model:
            with pytest.raises(NotFound):
                self.stores.jobs.discard(job_id)
            return
        self.stores.jobs.discard(job_id)
        self.model[job_id] = discard(self.model[job_id])

    @rule(job_id=jobs)
    def forget(self, job_id: str) -> None:
        job = self.model.get(job_id)
        if job is not None and not job.state.is_final:
            with pytest.raises(Conflict):
                self.stores.jobs.forget(job_id)
            return
        self.stores.jobs.forget(job_id)
        self.model.pop(job_id, None)

    @rule()
    def send_an_event(self) -> None:
        if self.unsent:
            self.stores.outbox.sent(self.unsent.pop(0))

    @rule(finish=st.booleans())
    def deliver_a_callback(self, *, finish: bool) -> None:
        taken = self.stores.take(BLINK)
        if taken is not None and finish:
            assert self.stores.deliveries.keep(taken, replace(taken, state=DeliveryState.DELIVERED))

    @invariant()
    def a_job_is_in_the_queue_if_and_only_if_it_is_queued(self) -> None:
        now = self.stores.jobs.now()
        free = [job.id for job in self.queue() if job.attempts or job.expires_at > now]
        assert free == self.stores.jobs.waiting(1000)
        queued = sum(job.state is JobState.QUEUED for job in self.model.values())
        assert queued == self.stores.jobs.depth().waiting

    @invariant()
    def a_job_has_one_lease_if_and_only_if_it_is_held(self) -> None:
        held = [job for job in self.model.values() if job.state.is_owned]
        assert len(held) == self.stores.jobs.depth().running
        assert len(held) == len({job.attempt for job in held})

    def teardown(self) -> None:
        """Look once at what only grows: whatever was wrong at any step still shows."""
        self.each_change_told_its_event_once()
        self.each_tenant_sees_its_own_jobs()
        self.only_what_is_final_may_go_and_at_once_if_discarded()
        for job_id, job in self.model.items():
            assert job == self.stores.jobs.get(job_id)
        for job_id in self.created:
            owed = [self.callbacks[job_id]] if job_id in self.callbacks else []
            assert owed == [callback.id for callback in self.stores.deliveries.of_job(job_id)]
        super().teardown()

    def each_change_told_its_event_once(self) -> None:
        unsent = self.stores.outbox.unsent(older_than=timedelta(0), limit=1000)
        assert self.unsent == [event.id for event in unsent]

    def each_tenant_sees_its_own_jobs(self) -> None:
        for tenant in TENANTS:
            mine = {i: job for i, job in self.model.items() if job.tenant == tenant and not job.discarded}
            page = self.stores.jobs.page(tenant, limit=1000, ascending=True)
            assert [mine[i] for i in sorted(mine)] == page.jobs

    def only_what_is_final_may_go_and_at_once_if_discarded(self) -> None:
        final = {job.id for job in self.model.values() if job.state.is_final}
        discarded = {job_id for job_id in final if self.model[job_id].discarded}
        assert discarded <= set(self.stores.jobs.removable(1000)) <= final

    def queue(self) -> list[Job]:
        """Those whose time has come: a released job's has not within any example."""
        free = (job for job in self.model.values() if job.state is JobState.QUEUED and job.id not in self.resting)
        return sorted(free, key=lambda job: (self.places[job.id], job.id))

    def renew(self, job: Job, attempt: str, lease: timedelta) -> None:
        assert job == self.stores.jobs.renew(job.id, attempt, lease)
        (self.short.add if lease == BLINK else self.short.discard)(job.id)

    def change(self, job_id: str, change: Change) -> None:
        """What `advance` says of the model's job, the store does; what it refuses, the store refuses likewise."""
        before = self.model.get(job_id)
        if before is None:
            with pytest.raises(NotFound):
                self.stores.jobs.apply(job_id, change)
            return
        try:
            advance(before, change, self.began)
        except IllegalChange as refusal:
            with pytest.raises(type(refusal)):
                self.stores.jobs.apply(job_id, change)
            assert before == self.stores.jobs.get(job_id)
        else:
            self.follow_change(before, change, self.stores.jobs.apply(job_id, change))

    def follow_change(self, before: Job, change: Change, after: Job) -> None:
        assert self.began <= after.changed_at <= self.stores.jobs.now()
        assert advance(before, change, after.changed_at) == after
        (self.resting.add if isinstance(change, Released) else self.resting.discard)(after.id)
        self.follow(after)

    def follow(self, job: Job) -> None:
        before, self.model[job.id] = self.model.get(job.id), job
        self.place(before, job)
        if not job.state.is_owned:
            self.short.discard(job.id)
        event, callbacks = events.of(job), list(delivery.owed(job, ()))
        if event is not None:
            self.unsent.append(event.id)
        for callback in callbacks:
            assert job.id not in self.callbacks
            self.callbacks[job.id] = callback.id

    def place(self, before: Job | None, job: Job) -> None:
        """What schedule.py says of the queue's order."""
        self.places.pop(job.id, None)
        if before is not None and (unused := schedule.unused(before, job)) is not None:
            self.flows[unused.flow] -= unused.cost
        if job.state is JobState.QUEUED:
            turn = schedule.turn(job)
            self.clock = micros(job.created_at) if self.clock is None else self.clock
            place = max(self.clock, self.flows.get(turn.flow, 0)) + turn.cost
            self.places[job.id] = place
            if turn.flow is not None:
                self.flows[turn.flow] = place


@pytest.fixture(params=["memory", "redis", "redis-cluster"])
def fresh(request: pytest.FixtureRequest) -> Iterator[Callable[[], Stores]]:
    """Gives each example empty stores."""
    if request.param == "memory":
        yield memory_stores
        return
    server: Valkey = request.getfixturevalue("valkey" if request.param == "redis" else "valkey_cluster")
    with redis_stores(server.patient_url) as stores, server.client() as client:

        def emptied() -> Stores:
            client.flushall()
            return stores

        yield emptied


def test_a_store_does_what_advance_says(fresh: Callable[[], Stores]) -> None:
    run_state_machine_as_test(lambda: JobStoreMachine(fresh()), settings=settings())

"""The queue's order: fair between flows, short before long, urgent before slow, and nobody waits for ever."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.memory_line import Line
from shared.core import schedule
from shared.core.job import Job, JobError, JobState, LeaseExpired, Released, advance
from shared.core.priority import Priority
from shared.core.schedule import Turn, cost, may_begin, rest, turn
from shared.core.terms import Terms
from tests.unit.core.samples import AFTER_LOSS, AFTER_YIELD, CLAIMED, IN_STATE, NOON, QUEUED, SECOND, after

SHORT = QUEUED.request
LONG = replace(SHORT, num_frames=163, num_inference_steps=100)
CLAIMED_JOB = IN_STATE[JobState.RUNNING]
RELEASED = Released("a", JobError("temporary_error", "the store was away"))


class Studio:
    """One worker and a line before it."""

    def __init__(self, line=None):
        self.line = line or Line()
        self.jobs = {}
        self.drawn = []

    def ask(self, tenant, count=1, *, priority=Priority.NORMAL, request=SHORT):
        for _ in range(count):
            name = f"{len(self.jobs):06}"
            job = replace(QUEUED, id=name, tenant=tenant, request=request, terms=Terms(priority=priority))
            self.jobs[name] = job
            self.line.join(name, turn(job), 0)
        return name

    def draw(self, count=1):
        """Whose jobs are drawn next."""
        for _ in range(count):
            if not self.line.places:
                break
            name = min(self.line.places, key=lambda name: (self.line.places[name], name))
            self.line.take(name)
            self.drawn.append(name)
        return "".join(self.jobs[name].tenant for name in self.drawn[-count:])


class Tired(Line):
    """A line whose clock stands still: what the queue would be without it."""

    def take(self, job_id):
        super().take(job_id)
        self.clock = None


def test_one_tenant_s_jobs_are_drawn_as_they_came():
    studio = Studio()
    studio.ask("a", 5)
    studio.draw(5)

    assert sorted(studio.drawn) == studio.drawn


def test_five_jobs_do_not_wait_for_five_hundred_of_another_tenant():
    studio = Studio()
    studio.ask("a", 500)
    studio.draw(100)
    studio.ask("b", 5)

    assert "abababababaa" == studio.draw(12)


def test_who_used_an_idle_platform_owes_nobody_for_it():
    studio = Studio()
    studio.ask("a", 50)
    studio.draw(50)
    studio.ask("a", 3)
    studio.ask("b", 3)

    assert "ababab" == studio.draw(6)


def test_three_tenants_take_turns_whoever_came_first():
    studio = Studio()
    for tenant in "abc":
        studio.ask(tenant, 4)

    assert "abc" * 4 == studio.draw(12)


def test_short_jobs_come_before_a_long_one_until_they_have_cost_as_much():
    studio = Studio()
    studio.ask("a", request=LONG)
    studio.ask("b", 1000)
    ratio = cost(replace(QUEUED, request=LONG)) // cost(QUEUED)

    assert "b" * ratio + "a" == studio.draw(ratio + 1)
    assert ratio > 10


@pytest.mark.parametrize("first", Priority)
def test_what_is_urgent_comes_before_what_is_not_whoever_asked_first(first):
    studio = Studio()
    for priority in sorted(Priority, key=lambda priority: priority is not first):
        studio.ask(priority.value[0], priority=priority)

    assert "hnl" == studio.draw(3)


def test_an_urgent_job_does_not_wait_behind_its_own_tenants_others():
    studio = Studio()
    studio.ask("a", 100)
    urgent = studio.ask("a", priority=Priority.HIGH)
    studio.draw()

    assert [urgent] == studio.drawn


def test_of_each_class_as_many_are_drawn_as_it_weighs():
    studio = Studio()
    for priority in Priority:
        studio.ask(priority.value[0], 1000, priority=priority)
    drawn = studio.draw(819)

    assert {"l": 3, "n": 48, "h": 768} == {letter: drawn.count(letter) for letter in "lnh"}


ASKING = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(Priority), st.sampled_from([SHORT, LONG])), max_size=30
)


@given(ASKING, st.sampled_from(Priority), st.sampled_from([SHORT, LONG]))
def test_nobody_waits_for_ever_however_many_urgent_and_short_ones_keep_coming(before, priority, request):
    studio = Studio()
    for tenant, other, wanted in before:
        studio.ask(tenant, priority=other, request=wanted)
    mine = studio.ask("z", priority=priority, request=request)
    # Four tenants whose every flow is never empty: what they can have before mine is bounded by its cost.
    dearest = cost(replace(QUEUED, request=request, terms=Terms(priority=priority)))
    bound = sum(1 + dearest // cost(replace(QUEUED, terms=Terms(priority=each))) for each in Priority) * 4 + len(before)
    for _ in range(bound + 1):
        for tenant in "abcd":
            for each in Priority:
                if f"{tenant}/{each}" not in studio.line.flows:
                    studio.ask(tenant, priority=each)
        studio.draw()
        if mine in studio.drawn:
            return

    raise AssertionError(f"{bound} others were drawn before it")


def test_without_the_clock_it_would_wait_for_ever():
    """The test above can fail."""
    studio = Studio(Tired())
    mine = studio.ask("z", priority=Priority.LOW, request=LONG)
    for _ in range(2000):
        studio.ask("a", priority=Priority.HIGH)
        studio.line.flows.clear()
        studio.draw()

    assert mine not in studio.drawn


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=60))
def test_two_tenants_who_both_wait_never_differ_by_more_than_one_job(order):
    studio = Studio()
    for tenant in order:
        studio.ask(tenant)
    drawn = studio.draw(len(order))
    while_both_wait = drawn[: 2 * min(order.count("a"), order.count("b"))]

    for end in range(len(while_both_wait) + 1):
        part = while_both_wait[:end]
        assert abs(part.count("a") - part.count("b")) <= 1


def test_a_job_that_leaves_undrawn_has_cost_its_flow_nothing():
    studio = Studio()
    names = [studio.ask("a") for _ in range(100)]
    for name in names:
        expired = IN_STATE[JobState.EXPIRED]
        studio.line.leave(name, schedule.unused(studio.jobs[name], replace(expired, id=name)))
    studio.ask("a", 2)
    studio.ask("b", 2)

    assert "abab" == studio.draw(4)


def test_a_job_that_yielded_stands_behind_its_like_and_its_flow_does_not_pay_twice():
    assert Turn(cost(QUEUED) + 1, None) == turn(AFTER_YIELD)


def test_a_job_whose_worker_was_lost_is_next():
    assert Turn(0, None) == turn(AFTER_LOSS)


@pytest.mark.parametrize("priority", Priority)
def test_less_priority_costs_more_and_more_work_as_well(priority):
    job = replace(QUEUED, terms=Terms(priority=priority))

    assert cost(QUEUED) * 16 // schedule.WEIGHTS[priority] == cost(job)
    assert cost(replace(job, request=LONG)) > cost(job) > 0


def test_only_queued_jobs_whose_time_is_not_over_may_begin():
    late = QUEUED.expires_at

    assert [True, False] == [may_begin(QUEUED, at) for at in (NOON, late)]
    assert may_begin(AFTER_YIELD, late)
    hurried = replace(QUEUED, terms=Terms(timeout=9 * SECOND))
    assert [True, False] == [may_begin(hurried, NOON + wait * SECOND) for wait in (8, 9)]
    others = [job for state, job in IN_STATE.items() if state is not JobState.QUEUED]
    assert not any(may_begin(job, NOON + 9 * SECOND) for job in others)


def test_a_job_whose_attempt_broke_is_held_back_twice_as_long_each_time():
    waits = [broken(times).queued_at - broken(times).changed_at for times in (1, 2, 3)]

    assert [10 * SECOND, 20 * SECOND, 40 * SECOND] == waits
    for times in (1, 2, 3):
        job = broken(times)
        last = job.queued_at - timedelta(microseconds=1)
        assert [False, False, True] == [may_begin(job, at) for at in (job.changed_at, last, job.queued_at)]


def test_however_often_it_broke_its_time_comes_within_the_hour():
    worn = replace(CLAIMED_JOB, losses=60, max_losses=10**9)

    released = advance(worn, RELEASED, NOON)

    assert 40 * 60 * SECOND < released.queued_at - NOON < 60 * 60 * SECOND
    assert not may_begin(released, NOON)
    assert may_begin(replace(released, losses=10**9), released.queued_at)


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), 5 * 60 * SECOND, timedelta(days=1)])
def test_a_job_that_got_its_time_from_a_clock_ahead_of_ours_may_begin_at_once(ahead):
    lost = after(CLAIMED, LeaseExpired("a"), job=replace(QUEUED, attempts=1))
    yielded = AFTER_YIELD

    for job in (QUEUED, lost, yielded, broken(2)):
        assert may_begin(job, job.changed_at - ahead)


def test_a_job_that_came_of_a_clock_ahead_and_then_lost_its_worker_is_held_back_no_more_than_once():
    """Its place in time stays, and is as far ahead as ever; only when it was lost was told by the right clock."""
    at = NOON - 5 * 60 * SECOND
    lost = advance(advance(QUEUED, CLAIMED, at), LeaseExpired("a"), at + 40 * SECOND)

    assert NOON == lost.queued_at
    assert may_begin(lost, at + 41 * SECOND)
    assert not rest(lost, at + 41 * SECOND)


def broken(times: int) -> Job:
    """A job that was claimed and released so often."""
    return after(*[CLAIMED, RELEASED] * times, job=replace(QUEUED, max_losses=9))

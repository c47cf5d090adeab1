"""The table of a job's life, row by row, and what holds on every walk through it."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import IllegalChange, StaleAttempt
from shared.core.job import (
    RELEASE_DELAY,
    TRANSITIONS,
    AttemptsExhausted,
    Cancelled,
    CancelRequested,
    Change,
    Claimed,
    Completed,
    Expired,
    Failed,
    Job,
    JobError,
    JobState,
    LeaseExpired,
    Purged,
    Released,
    TimedOut,
    Yielded,
    advance,
    grew_from,
)
from shared.core.job_diagram import diagram
from shared.core.output import Artifact, Output
from shared.core.request import VideoRequest
from shared.core.terms import Terms

AT: Final = datetime(2026, 1, 2, tzinfo=UTC)
LATER: Final = AT + timedelta(minutes=5)
ERROR: Final = JobError("out_of_memory", "the GPU's memory was full")
FILE: Final = Artifact(key="a/b", content_type="video/mp4", bytes=1, sha256="0" * 64)
OUTPUT: Final = Output(video=FILE, thumbnail=FILE, width=96, height=64, num_frames=13, fps=30, codec="h264")
REQUEST: Final = VideoRequest(
    model="mochi-1-tiny",
    prompt="a beetle",
    negative_prompt="",
    width=96,
    height=64,
    num_frames=13,
    fps=30,
    seed=1,
    num_inference_steps=4,
    guidance_scale=4.5,
)
QUEUED: Final = Job(
    id="video_1",
    tenant="ada",
    request=REQUEST,
    created_at=AT,
    expires_at=AT + timedelta(days=1),
    queued_at=AT,
    changed_at=AT,
    terms=Terms(timeout=LATER - AT),
)
RUNNING: Final = advance(QUEUED, Claimed("a"), AT)
CANCELLING: Final = advance(RUNNING, CancelRequested(), AT)

CHANGES: Final[dict[type, Change]] = {
    type(change): change
    for change in (
        Claimed("b"),
        Yielded("a"),
        Released("a", ERROR),
        LeaseExpired("a"),
        AttemptsExhausted("a", ERROR),
        CancelRequested(),
        Cancelled("a"),
        Completed("a", OUTPUT),
        Failed("a", ERROR),
        Expired(),
        Purged(),
        TimedOut(),
    )
}
IN_STATE: Final[dict[JobState, Job]] = {
    JobState.QUEUED: QUEUED,
    JobState.RUNNING: RUNNING,
    JobState.CANCELLING: CANCELLING,
    JobState.COMPLETED: advance(RUNNING, Completed("a", OUTPUT), AT),
    JobState.FAILED: advance(RUNNING, Failed("a", ERROR), AT),
    JobState.CANCELLED: advance(QUEUED, CancelRequested(), AT),
    JobState.EXPIRED: advance(QUEUED, Expired(), AT),
}
STEPS: Final = [(state, change) for state in JobState for change in CHANGES]


def test_the_tests_know_every_state_and_every_change() -> None:
    assert set(JobState) == set(IN_STATE) == set(TRANSITIONS)
    assert set(get_args(Change)) == set(CHANGES)


class TestTable:
    @pytest.mark.parametrize(("state", "change"), [(s, c) for s, c in STEPS if c in TRANSITIONS[s]])
    def test_a_step_in_it_is_taken(self, state: JobState, change: type) -> None:
        before = IN_STATE[state]
        after = advance(before, CHANGES[change], LATER)
        assert TRANSITIONS[state][change] == after.state
        assert before.version + 1 == after.version
        assert (after.attempt is not None) == after.state.is_owned
        assert (LATER if after.state.is_final else None) == after.finished_at

    @pytest.mark.parametrize(("state", "change"), [(s, c) for s, c in STEPS if c not in TRANSITIONS[s]])
    def test_a_step_not_in_it_is_refused(self, state: JobState, change: type) -> None:
        with pytest.raises(IllegalChange):
            advance(IN_STATE[state], CHANGES[change], LATER)

    def test_a_state_is_final_because_its_row_is_empty(self) -> None:
        final = {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED}
        assert final == {state for state in JobState if state.is_final}
        assert final == {state for state, row in TRANSITIONS.items() if not row}

    def test_every_state_can_be_reached_and_left_to_an_end(self) -> None:
        reached = {after for row in TRANSITIONS.values() for after in row.values()}
        assert set(JobState) == reached
        ending = {state for state in JobState if state.is_final}
        for _ in JobState:
            ending |= {state for state, row in TRANSITIONS.items() if ending & set(row.values())}
        assert set(JobState) == ending


class TestAttempts:
    @pytest.mark.parametrize("change", [c for c in CHANGES.values() if hasattr(c, "attempt") and c != Claimed("b")])
    @pytest.mark.parametrize("state", [JobState.RUNNING, JobState.CANCELLING])
    def test_a_worker_that_does_not_hold_the_job_is_refused(self, state: JobState, change: Change) -> None:
        with pytest.raises(StaleAttempt):
            advance(replace(IN_STATE[state], attempt="another"), change, LATER)

    def test_a_held_job_cannot_be_claimed_again_by_its_own_attempt(self) -> None:
        with pytest.raises(IllegalChange):
            advance(RUNNING, Claimed("a"), LATER)

    def test_the_first_claim_is_the_start_and_every_claim_is_counted(self) -> None:
        again = advance(advance(RUNNING, Yielded("a"), LATER), Claimed("b"), LATER)
        assert (AT, 2, "b") == (again.started_at, again.attempts, again.attempt)


class TestLosses:
    def test_a_yield_costs_the_place_and_nothing_else(self) -> None:
        after = advance(RUNNING, Yielded("a"), LATER)
        assert (LATER, 0) == (after.queued_at, after.losses)

    def test_a_lost_workers_job_keeps_its_place(self) -> None:
        after = advance(RUNNING, LeaseExpired("a"), LATER)
        assert (AT, 1, JobState.QUEUED) == (after.queued_at, after.losses, after.state)

    def test_a_released_job_waits_and_the_second_time_twice_as_long(self) -> None:
        first = advance(RUNNING, Released("a", ERROR), LATER)
        second = advance(advance(first, Claimed("b"), LATER), Released("b", ERROR), LATER)
        assert [RELEASE_DELAY, 2 * RELEASE_DELAY] == [job.queued_at - LATER for job in (first, second)]
        assert [1, 2] == [first.losses, second.losses]

    def test_the_last_loss_fails_the_job_and_says_why(self) -> None:
        last = replace(RUNNING, losses=2)
        broken, lost = advance(last, Released("a", ERROR), LATER), advance(last, LeaseExpired("a"), LATER)
        assert (JobState.FAILED, 3, ERROR) == (broken.state, broken.losses, broken.error)
        assert (JobState.FAILED, 3) == (lost.state, lost.losses)
        assert JobError("worker_lost", "the worker was lost 3 times while drawing this video") == lost.error

    def test_the_last_loss_of_a_job_being_cancelled_cancels_it(self) -> None:
        after = advance(replace(CANCELLING, losses=2), LeaseExpired("a"), LATER)
        assert JobState.CANCELLED is after.state


class TestEnds:
    def test_a_completed_job_has_its_output_and_no_error(self) -> None:
        after = IN_STATE[JobState.COMPLETED]
        assert (OUTPUT, None) == (after.output, after.error)

    def test_a_video_that_was_done_before_the_wish_was_heard_is_kept(self) -> None:
        assert JobState.COMPLETED is advance(CANCELLING, Completed("a", OUTPUT), LATER).state

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (JobState.FAILED, "out_of_memory"),
            (JobState.CANCELLED, "job_cancelled"),
            (JobState.EXPIRED, "job_expired"),
        ],
    )
    def test_an_end_without_a_video_says_why(self, state: JobState, code: str) -> None:
        error = IN_STATE[state].error
        assert error is not None
        assert code == error.code

    def test_a_failure_while_cancelling_is_a_cancellation(self) -> None:
        after = advance(CANCELLING, Failed("a", ERROR), LATER)
        assert after.error is not None
        assert (JobState.CANCELLED, "job_cancelled") == (after.state, after.error.code)


changes = st.one_of(
    st.builds(CancelRequested),
    st.builds(Expired),
    st.builds(Purged),
    *(st.builds(kind, st.sampled_from("ab")) for kind in (Claimed, Claimed, Yielded, LeaseExpired, Cancelled)),
    *(st.builds(kind, st.sampled_from("ab"), st.just(ERROR)) for kind in (Released, Failed, AttemptsExhausted)),
    st.builds(Completed, st.sampled_from("ab"), st.just(OUTPUT)),
)


@given(st.lists(changes, max_size=40), st.integers(1, 4))
def test_on_any_walk_the_job_stays_sound(walk: list[Change], max_losses: int) -> None:
    first = job = replace(QUEUED, max_losses=max_losses)
    taken = claims = 0
    for minute, change in enumerate(walk):
        before, copy = job, replace(job)
        try:
            job = advance(job, change, AT + timedelta(minutes=minute))
        except IllegalChange:
            assert copy == before
            continue
        taken += 1
        claims += isinstance(change, Claimed)
        assert not before.state.is_final
        assert (taken, claims) == (job.version, job.attempts)
        assert job.state.is_owned == (job.attempt is not None)
        assert job.state.is_final == (job.finished_at is not None)
        assert (job.state is JobState.COMPLETED) == (job.output is not None)
        assert (job.error is not None) == (job.state.is_final and job.state is not JobState.COMPLETED)
        assert before.losses <= job.losses <= max_losses
        assert job.losses < max_losses or job.state.is_final
        assert before.queued_at <= job.queued_at
        assert grew_from(job, first)


class TestDeadline:
    JOB = replace(QUEUED, terms=Terms(timeout=timedelta(seconds=60)))

    def test_a_job_whose_time_is_over_fails_queued_or_running(self) -> None:
        late = self.JOB.created_at + timedelta(seconds=60)
        for job in (self.JOB, advance(self.JOB, Claimed("a"), self.JOB.created_at)):
            ended = advance(job, TimedOut(), late)
            assert (JobState.FAILED, "timeout", None) == (ended.state, ended.error and ended.error.code, ended.attempt)

    def test_before_its_time_it_does_not_nor_ever_without_one(self) -> None:
        early = self.JOB.created_at + timedelta(seconds=59.999)
        for job in (self.JOB, replace(QUEUED, terms=Terms())):
            with pytest.raises(IllegalChange, match="has time yet"):
                advance(job, TimedOut(), early)

    def test_who_is_being_cancelled_ends_cancelled(self) -> None:
        cancelling = replace(IN_STATE[JobState.CANCELLING], terms=self.JOB.terms)
        with pytest.raises(IllegalChange):
            advance(cancelling, TimedOut(), self.JOB.created_at + timedelta(days=1))


class TestGrewFrom:
    def test_a_job_grew_from_itself(self) -> None:
        assert grew_from(QUEUED, QUEUED)

    @pytest.mark.parametrize(
        "other",
        [{"tenant": "bob"}, {"metadata": {"a": "b"}}, {"request": replace(REQUEST, seed=2)}, {"max_losses": 1}],
    )
    def test_a_job_did_not_grow_from_another_wish(self, other: dict[str, object]) -> None:
        assert not grew_from(IN_STATE[JobState.COMPLETED], replace(QUEUED, **other))

    def test_every_field_either_changes_or_tells_jobs_apart(self) -> None:
        fixed = {f.name for f in fields(Job) if not grew_from(QUEUED, replace(QUEUED, **{f.name: object()}))}
        born = {"id", "tenant", "request", "webhook", "metadata", "created_at", "expires_at", "max_losses"}
        born |= {
            "webhook_endpoint",
            "upload_url",
            "cause",
            "traceparent",
            "retried_from",
            "remixed_from",
            "terms",
            "tracestate",
            "correlation",
        }
        assert born == fixed


def test_the_page_shows_the_table_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "job.md").read_text()
    drawn = page.partition("<!-- diagram: begin -->\n```mermaid\n")[2].partition("\n```\n<!-- diagram: end -->")[0]
    assert diagram() == drawn

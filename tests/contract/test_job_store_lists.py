"""What every JobStore promises of lists, removal and progress (shared/ports/)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core.errors import Conflict, NotFound
from shared.core.job import CancelRequested, Completed, Job, Yielded
from shared.core.progress import Phase, Progress
from shared.core.standing import Standing
from shared.core.terms import Terms
from tests.stores import OUTPUT, RETENTION, SHORT, Stores


class TestPage:
    def test_another_tenant_s_jobs_are_never_on_it(self, stores: Stores) -> None:
        mine, theirs = stores.add(tenant="ada"), stores.add(tenant="ada2")
        assert [mine] == stores.jobs.page("ada", limit=10).jobs
        assert [theirs] == stores.jobs.page("ada2", limit=10).jobs
        assert [] == stores.jobs.page("ad", limit=10).jobs

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages_follow_each_other_by_age(self, stores: Stores, *, ascending: bool) -> None:
        jobs = sorted((stores.add() for _ in range(7)), key=lambda job: job.id, reverse=not ascending)
        seen: list[Job] = []
        more = []
        while not more or more[-1]:
            page = stores.jobs.page("ada", limit=3, after=seen[-1].id if seen else None, ascending=ascending)
            seen += page.jobs
            more.append(page.has_more)
        assert jobs == seen
        assert [True, True, False] == more

    @pytest.mark.parametrize("ascending", [True, False])
    def test_a_cursor_that_was_deleted_still_points(self, stores: Stores, *, ascending: bool) -> None:
        jobs = sorted((stores.finish() for _ in range(3)), key=lambda job: job.id, reverse=not ascending)
        stores.jobs.forget(jobs[1].id)
        page = stores.jobs.page("ada", limit=2, after=jobs[1].id, ascending=ascending)
        assert (jobs[2:], False) == (page.jobs, page.has_more)

    def test_a_full_last_page_has_no_more(self, stores: Stores) -> None:
        stores.add()
        stores.add()
        assert not stores.jobs.page("ada", limit=2).has_more
        assert stores.jobs.page("ada", limit=1).has_more


class TestRemoval:
    def test_a_finished_job_may_go_after_its_retention(self, stores: Stores) -> None:
        job = stores.finish()
        assert [] == stores.jobs.removable(10)
        stores.wait(RETENTION)
        assert [job.id] == stores.jobs.removable(10)
        assert job == stores.jobs.get(job.id)

    def test_a_job_whose_caller_wants_it_kept_for_less_may_go_sooner_and_none_stays_longer(
        self, stores: Stores
    ) -> None:
        short = stores.finish(terms=Terms(result_ttl=SHORT / 10))
        long = stores.finish(terms=Terms(result_ttl=timedelta(days=1)))
        stores.wait(SHORT / 5)
        assert [short.id] == stores.jobs.removable(10)
        stores.wait(RETENTION)
        assert [short.id, long.id] == stores.jobs.removable(10)

    def test_a_discarded_job_is_off_the_list_at_once_and_may_go(self, stores: Stores) -> None:
        job = stores.finish()
        told = len(stores.outbox.unsent(older_than=timedelta(0), limit=10))
        stores.jobs.discard(job.id)
        stores.jobs.discard(job.id)
        assert [] == stores.jobs.page("ada", limit=10).jobs
        assert [job.id] == stores.jobs.removable(10)
        assert replace(job, discarded=True) == stores.jobs.get(job.id)
        assert told == len(stores.outbox.unsent(older_than=timedelta(0), limit=10))

    def test_a_job_discarded_while_it_runs_may_go_as_soon_as_it_ended(self, stores: Stores) -> None:
        job = stores.add()
        _, attempt = stores.claim()
        stores.jobs.discard(job.id)
        assert [] == stores.jobs.removable(10)
        stores.jobs.apply(job.id, Completed(attempt, OUTPUT))
        assert [job.id] == stores.jobs.removable(10)
        assert [] == stores.jobs.page("ada", limit=10).jobs

    def test_a_job_that_is_not_final_is_not_forgotten(self, stores: Stores) -> None:
        job = stores.add()
        with pytest.raises(Conflict) as refused:
            stores.jobs.forget(job.id)
        assert "not_final" == refused.value.code
        assert job == stores.jobs.get(job.id)

    def test_a_forgotten_job_leaves_nothing_but_what_it_owed(self, stores: Stores) -> None:
        job = stores.finish()
        stores.jobs.report(job.id, Progress(attempt="a", phase=Phase.DECODING))
        stores.jobs.discard(job.id)
        stores.jobs.forget(job.id)
        stores.jobs.forget(job.id)
        with pytest.raises(NotFound):
            stores.jobs.get(job.id)
        assert [] == stores.jobs.removable(10)
        assert [] == stores.jobs.page("ada", limit=10).jobs
        assert (None, 0) == stores.jobs.progress(job)
        assert 1 == len(stores.deliveries.of_job(job.id))

    def test_a_video_whose_time_is_over_is_remembered_with_its_tenant_for_as_long_again(self, stores: Stores) -> None:
        job = stores.finish()
        assert stores.jobs.remembered(job.id) is None, "it is still there"
        began = time.monotonic()
        for _ in range(2):
            stores.jobs.forget(job.id)
            told = stores.jobs.remembered(job.id)
            assert told == job.tenant or time.monotonic() - began > RETENTION.total_seconds()
        stores.wait(RETENTION)
        assert stores.jobs.remembered(job.id) is None

    def test_what_its_caller_deleted_or_what_had_no_video_is_not_remembered(self, stores: Stores) -> None:
        deleted, cancelled = stores.finish(), stores.add()
        stores.jobs.discard(deleted.id)
        stores.jobs.apply(cancelled.id, CancelRequested())
        for job in (deleted, cancelled):
            stores.jobs.forget(job.id)
            assert stores.jobs.remembered(job.id) is None


class TestProgress:
    def test_an_attempt_sees_only_its_own_report_and_the_highest_ever(self, stores: Stores) -> None:
        job = stores.add()
        assert (None, 0) == stores.jobs.progress(job)
        first, attempt = stores.claim()
        far = Progress(attempt=attempt, phase=Phase.DENOISING, step=3, total_steps=4)
        stores.jobs.report(job.id, far)
        assert (far, far.percent) == stores.jobs.progress(first)
        stores.jobs.apply(job.id, Yielded(attempt))
        second, again = stores.claim()
        assert (None, far.percent) == stores.jobs.progress(second)
        near = Progress(attempt=again, phase=Phase.LOADING)
        stores.jobs.report(job.id, near)
        assert (near, far.percent) == stores.jobs.progress(second)

    def test_a_standing_has_it_all_at_one_instant(self, stores: Stores) -> None:
        first, second = stores.add(), stores.add()
        assert Standing(second, position=1) == stores.jobs.standing(second.id)
        running, attempt = stores.claim()
        assert [Standing(running), Standing(second, position=0)] == stores.jobs.standings([first.id, second.id])
        report = Progress(attempt=attempt, phase=Phase.DENOISING, step=3, total_steps=4)
        stores.jobs.report(first.id, report)
        assert Standing(running, report, report.percent) == stores.jobs.standing(first.id)
        waiting = stores.jobs.apply(first.id, Yielded(attempt))
        assert Standing(waiting, None, report.percent, 1) == stores.jobs.standing(first.id)

    def test_a_job_that_is_not_there_has_no_standing(self, stores: Stores) -> None:
        job = stores.add()
        assert [None, Standing(job, position=0), None] == stores.jobs.standings(["video_x", job.id, "video_y"])
        assert [] == stores.jobs.standings([])

    def test_jobs_that_were_read_stand_as_if_they_were_looked_up(self, stores: Stores) -> None:
        ended = stores.finish()
        stores.add()
        running, attempt = stores.claim()
        stores.jobs.report(running.id, Progress(attempt=attempt, phase=Phase.DENOISING, step=2, total_steps=4))
        waiting = [stores.add() for _ in range(2)]
        gone = stores.add()
        stores.jobs.apply(gone.id, CancelRequested())
        ids = [job.id for job in (ended, running, *waiting, gone)]
        jobs = [stores.jobs.get(job_id) for job_id in ids]

        assert stores.jobs.standings(ids) == stores.jobs.standings_of(jobs)
        assert [None, None, 0, 1, None] == [standing.position for standing in stores.jobs.standings_of(jobs)]
        assert [] == stores.jobs.standings_of([])
        with pytest.raises(NotFound):
            stores.jobs.standing("video_x")

    def test_the_queue_tells_each_job_its_position(self, stores: Stores) -> None:
        jobs = [stores.add() for _ in range(3)]
        assert [0, 1, 2] == [stores.jobs.position(job) for job in jobs]
        stores.claim()
        assert [None, 0, 1] == [stores.jobs.position(job) for job in jobs]

    def test_the_depth_tells_how_long_the_first_in_line_waits(self, stores: Stores) -> None:
        stores.add(queued_at=stores.jobs.now() - timedelta(hours=1))
        stores.add()
        depth = stores.jobs.depth()
        assert (2, 0) == (depth.waiting, depth.running)
        assert timedelta(hours=1) <= depth.oldest < timedelta(hours=1, seconds=10)

"""What generate measures while it draws, and keeps with the video."""

import time
from dataclasses import asdict

from shared.core.job import JobState
from shared.core.output import Output
from shared.core.progress import Phase
from shared.core.timings import Timings
from tests.functions.jobs import queue
from tests.functions.studio import Held, watched


class Sluggish(Held):
    """Takes its time for each part."""

    def begin(self, request, checkpoint=None):
        time.sleep(0.02)
        return super().begin(request, checkpoint)


def drawn(studio, job) -> Output:
    done = studio.job(job)
    assert JobState.COMPLETED is done.state
    return done.output


def test_every_part_of_the_work_is_timed_and_the_parts_are_no_more_than_the_whole(services, studio):
    engine = Sluggish()
    engine.hold.go.set()
    job = queue(services)
    started = time.monotonic()
    studio.serve(engine)
    whole = time.monotonic() - started

    output = drawn(studio, job)
    parts = asdict(output.timings)

    assert [] == [name for name, seconds in parts.items() if seconds is None]
    assert parts["prompt_s"] >= 0.02
    assert sum(parts.values()) - parts["cold_start_s"] <= whole + 0.01
    assert ("thin air", 0) == (output.gpu, output.resumed_from)


def test_what_was_checked_is_kept(services, studio):
    job = queue(services)
    studio.serve(watched())

    assert {"num_frames", "duration", "width", "height", "codec"} <= set(drawn(studio, job).checks)


def test_a_worker_that_was_there_made_nobody_wait(services, studio):
    painter = studio.painter(watched())
    jobs = [queue(services) for _ in range(2)]
    painter.serve()

    for job in jobs:
        assert (0.0, 0.0) == (drawn(studio, job).timings.cold_start_s, drawn(studio, job).timings.load_s)


def test_the_attempt_that_resumed_says_where_and_times_its_own_steps_only(services, studio):
    engine, job = Held(at=2), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()
    time.sleep(0.1)
    studio.drain.set()
    engine.hold.go.set()
    drawing.result(10)
    studio.drain.clear()
    studio.serve(watched())

    output = drawn(studio, job)

    assert studio.job(job).attempts == 2
    assert output.resumed_from > 0
    assert output.timings.denoise_s < 0.1
    assert (None, None) == (output.timings.cold_start_s, output.timings.load_s)


def test_a_running_job_tells_what_was_measured_so_far(services, studio):
    engine, job = Held(at=None), queue(services)
    drawing = studio.start(engine)
    engine.hold.await_reached()

    report, _ = services.jobs.progress(studio.job(job))
    engine.hold.go.set()
    drawing.result(10)

    assert (Phase.DECODING, "thin air", 0) == (report.phase, report.gpu, report.resumed_from)
    assert report.timings.denoise_s is not None
    assert Timings().upload_s is report.timings.upload_s

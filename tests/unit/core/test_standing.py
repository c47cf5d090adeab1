"""The marks of a job's story only ever grow."""

from datetime import timedelta

import pytest

from shared.core.job import CancelRequested, Claimed, Completed, Yielded, advance
from shared.core.progress import Phase, Progress
from shared.core.standing import Mark, Standing
from tests.stores import OUTPUT, START, new_job


def test_every_later_standing_has_a_greater_mark():
    queued = new_job(START)
    first = advance(queued, Claimed("a"), START)
    yielded = advance(first, Yielded("a"), START)
    second = advance(yielded, Claimed("b"), START)
    cancelling = advance(second, CancelRequested(), START)
    over = advance(cancelling, Completed("b", OUTPUT), START + timedelta(seconds=1))

    def at(phase, step=0):
        return Progress(attempt="a", phase=phase, step=step, total_steps=20)

    story = [
        Standing(queued, position=3),
        Standing(first),
        Standing(first, at(Phase.LOADING)),
        Standing(first, at(Phase.ENCODING)),
        *(Standing(first, at(Phase.DENOISING, step)) for step in range(1, 21)),
        Standing(first, at(Phase.DECODING, 20)),
        Standing(yielded),
        Standing(second),
        Standing(second, at(Phase.DENOISING, 7)),
        Standing(cancelling, at(Phase.DENOISING, 8)),
        Standing(over),
    ]
    marks = [Mark.of(standing) for standing in story]

    assert marks == sorted(set(marks))
    assert marks == [Mark.read(str(mark)) for mark in marks]


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "-1.0.0", "1.0.x", "٣.0.0", "1.0.0\n", "9999999999.0.0"])
def test_what_is_no_mark_is_none(text):
    assert Mark.read(text) is None

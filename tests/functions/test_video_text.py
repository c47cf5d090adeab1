"""The text of a Video: written once, and its tag tells whether it says anything new."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.submit.video_text import VideoText, encode
from shared.core import views
from shared.core.forecast import Outlook
from shared.core.job import JobState
from shared.core.progress import Phase, Progress
from shared.core.standing import Standing
from shared.core.timings import Timings
from tests.unit.core.samples import IN_STATE, SECOND

SEVERAL = st.integers(0, 2)
TIMINGS = st.sampled_from([Timings(), Timings(denoise_s=0.1), Timings(denoise_s=0.2)])
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Of one video, few enough that some are alike."""
    job = IN_STATE[draw(st.sampled_from(JobState))]
    job = replace(job, losses=draw(SEVERAL), metadata={"eta_seconds": draw(st.sampled_from(["1", "2"]))})
    job = replace(job, started_at=draw(st.sampled_from([None, job.created_at, job.created_at + SECOND])))
    progress = Progress(
        attempt="a",
        phase=draw(st.sampled_from(Phase)),
        step=draw(SEVERAL),
        total_steps=4,
        resumed_from=draw(SEVERAL),
        timings=draw(TIMINGS),
        gpu=draw(st.sampled_from([None, "NVIDIA H100"])),
    )
    reported, queued = draw(st.booleans()), draw(st.booleans())
    return Standing(job, progress if reported else None, draw(SEVERAL), draw(SEVERAL) if queued else None)


OUTLOOKS = st.builds(Outlook, st.none() | SEVERAL, waking=st.booleans())
VIDEOS = st.builds(lambda standing, outlook: views.video(standing, outlook=outlook), standings(), OUTLOOKS)


def lasting(video: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in video.items() if name != "eta_seconds"}


@given(VIDEOS, VIDEOS)
def test_the_tag_changes_with_all_that_is_told_but_what_is_only_foretold(one, other):
    assert (lasting(one) == lasting(other)) == (VideoText.of(one).tag == VideoText.of(other).tag)


@given(VIDEOS, st.none() | st.integers())
def test_the_tag_does_not_change_with_what_is_foretold(video, eta):
    assert VideoText.of(video).tag == VideoText.of(video | {"eta_seconds": eta}).tag


@given(VIDEOS, WORDS, st.none() | st.integers(0, 10**9))
def test_the_text_says_the_whole_video(video, prompt, eta):
    video |= {"prompt": prompt, "metadata": {prompt: prompt}, "eta_seconds": eta}

    assert video == json.loads(VideoText.of(video).text)
    assert [video, video] == json.loads(encode([video, video]))

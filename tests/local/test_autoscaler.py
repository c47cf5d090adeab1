"""Stories: what was seen second by second, and how many instances were wanted after each."""

from __future__ import annotations

import pytest

from local.autoscaler import Sample, Scale, desired, remembered


def scale(**fields):
    return Scale(**{"target": 1.0, "min_scale": 0, "max_scale": 0, "window": 6.0, "retention": 0.0, **fields})


def play(story, settings):
    """Each second: so many requests inside. Instances follow what is wanted at once."""
    history, ready, wanted = [], 0, []
    for at, now in enumerate(story):
        seen = Sample(at=float(at), average=float(now), now=now, ready=ready)
        history = [*remembered(history, settings, float(at)), seen]
        ready = desired(history, settings, float(at))
        wanted.append(ready)
    return wanted


STORIES = {
    "nothing asked for is nothing run": (scale(), [0, 0, 0], [0, 0, 0]),
    "the first request wakes one": (scale(), [0, 1], [0, 1]),
    "and it stays for one window": (scale(), [1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 0, 0]),
    "retention keeps the last one longer": (scale(retention=2), [1, *[0] * 8], [1, 1, 1, 1, 1, 1, 1, 1, 0]),
    "retention keeps only the last one": (scale(retention=4), [2, *[0] * 10], [*[2] * 6, 1, 1, 1, 1, 0]),
    "a held request is never scaled away": (scale(), [1] * 12, [1] * 12),
    "one for each held request": (scale(), [1, 2, 3], [1, 2, 3]),
    "a burst is not undone for a window": (scale(), [4, 1, 1, 1, 1, 1, 1, 1], [4, 4, 4, 4, 4, 4, 1, 1]),
    "without a burst the average decides": (
        scale(),
        [1, 2, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1],
        [1, 2, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1],
    ),
    "max-scale caps": (scale(max_scale=2), [5, 5], [2, 2]),
    "min-scale holds": (scale(min_scale=1), [0, 0], [1, 1]),
    "a target of many counts in parts": (scale(target=10.0), [1, 10, 11], [1, 1, 2]),
    "seventy per cent of one makes two": (scale(target=0.7), [1], [2]),
}


@pytest.mark.parametrize("name", STORIES)
def test_the_story_of(name):
    settings, story, wanted = STORIES[name]
    assert wanted == play(story, settings)


def test_requests_too_short_to_be_seen_at_a_tick_keep_an_instance_by_their_average():
    history = [Sample(at=float(at), average=0.001, now=0, ready=1) for at in range(6)]
    assert 1 == desired(history, scale(), 5.0)


def test_rounding_noise_of_an_average_is_no_request():
    history = [Sample(at=float(at), average=2.0 + 1e-9, now=2, ready=2) for at in range(6)]
    assert 2 == desired(history, scale(), 5.0)


def test_only_what_still_matters_is_remembered():
    history = [Sample(at=float(at), average=0.0, now=0, ready=0) for at in range(100)]
    assert 8 == len(remembered(history, scale(retention=2), 99.0))

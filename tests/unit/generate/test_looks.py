"""Black and frozen videos are refused, and dark or calm ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from functions.generate.looks import Looks
from shared.core.errors import DrawingFailed


def looked_at(frames, cut=4):
    looks = Looks()
    passed = list(looks.watch(frames[at : at + cut] for at in range(0, len(frames), cut)))
    assert np.array_equal(frames, np.concatenate(passed))
    return looks


def refusal(frames):
    with pytest.raises(DrawingFailed) as caught:
        looked_at(frames).check()
    assert "quality_check_failed" == caught.value.code
    return str(caught.value)


def noise(level, count=13):
    return np.random.default_rng(1).integers(0, level + 1, (count, 64, 96, 3)).astype(np.uint8)


def test_a_video_passes(frames):
    looks = looked_at(frames)
    looks.check()
    assert (13, 0, 0) == (looks.frames, looks.black, looks.frozen)


@pytest.mark.parametrize("cut", [1, 5, 13])
def test_the_chunks_do_not_matter(frames, cut):
    dark = frames // 20
    assert "13 of 13 frames are black" == refusal_of(looked_at(dark, cut))


def refusal_of(looks):
    with pytest.raises(DrawingFailed) as caught:
        looks.check()
    return str(caught.value)


def test_black_is_told_with_the_numbers_though_it_flickers():
    assert "13 of 13 frames are black" == refusal(noise(25))
    looked_at(noise(255)).check()


def test_frozen_is_told_with_the_numbers_though_it_trembles(frames):
    still = np.repeat(frames[:1], 13, axis=0)
    trembling = still.copy()
    trembling[::2, ::16, ::16] ^= 1
    for frozen in (still, trembling):
        assert "12 of 12 frames are the same as the one before" == refusal(frozen)


def test_nothing_at_all_is_told_as_both():
    said = refusal(np.zeros((13, 64, 96, 3), np.uint8))
    assert "13 of 13 frames are black; 12 of 12 frames are the same as the one before" == said


def test_stars_in_the_night_a_fade_from_black_and_one_change_are_pictures(frames):
    night = noise(20)
    night[:, 10:14, 10:14] = 255
    fade = (frames * np.linspace(0, 1, 13)[:, None, None, None]).astype(np.uint8)
    held = np.repeat(frames[:1], 13, axis=0)
    held[7:] = frames[12]
    for video in (night, fade, held):
        looked_at(video).check()

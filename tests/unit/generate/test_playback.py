from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from functions.generate.encode import encode
from functions.generate.playback import Facts, check, examine
from shared.core.errors import DrawingFailed


@pytest.fixture
def video(frames, asked, tmp_path):
    encode([frames], tmp_path / "video.mp4", asked)
    return tmp_path / "video.mp4"


def refusal(path, asked):
    with pytest.raises(DrawingFailed) as caught:
        check(examine(path), asked)
    assert "quality_check_failed" == caught.value.code
    return str(caught.value)


def test_what_encode_wrote_is_what_was_asked_for(video, asked):
    facts = examine(video)
    expected = Facts(
        codec="h264",
        pixel_format="yuv420p",
        width=96,
        height=64,
        fps=Fraction(30),
        num_frames=13,
        duration=facts.duration,
        color=(1, 1, 1, 1),
        index_first=True,
        blank=False,
    )
    assert expected == facts
    # MP4 counts a whole video in milliseconds, where its last picture is not the last one in the file.
    assert abs(facts.duration - Fraction(13, 30)) < Fraction(1, 1000)
    check(facts, asked)


@pytest.mark.parametrize("num_frames", [7, 163])
@pytest.mark.parametrize("size", [(64, 64), (320, 320)])
def test_every_length_and_size_passes(asked, tmp_path, num_frames, size):
    asked = dataclasses.replace(asked, num_frames=num_frames, width=size[0], height=size[1])
    chunks = (np.full((1, size[1], size[0], 3), t, np.uint8) for t in range(num_frames))
    encode(chunks, tmp_path / "a.mp4", asked)
    check(examine(tmp_path / "a.mp4"), asked)


def test_a_frame_too_few_is_told_with_both_numbers(frames, asked, careless):
    assert "num_frames is 12 instead of 13" in refusal(careless(frames[:12]), asked)


def test_a_wrong_size_is_told(frames, asked, careless):
    assert "width is 96 instead of 64; height is 64 instead of 96" == refusal(
        careless(frames), dataclasses.replace(asked, width=64, height=96)
    )


def test_a_wrong_frame_rate_is_told(frames, asked, careless):
    said = refusal(careless(frames, fps=24), asked)
    assert "fps is 24 instead of 30" in said
    assert "duration is 13/24 instead of 13/30" in said


def test_another_codec_is_told(frames, asked, careless):
    assert "codec is mpeg4 instead of h264" in refusal(careless(frames, codec="mpeg4"), asked)


def test_another_pixel_format_is_told(frames, asked, careless):
    assert "pixel_format is yuv444p instead of yuv420p" in refusal(careless(frames, pix_fmt="yuv444p"), asked)


def test_colour_tags_other_than_bt709_are_told(frames, asked, careless):
    assert "color is (6, 6, 6, 1) instead of (1, 1, 1, 1)" == refusal(careless(frames, tag=6), asked)


def test_an_index_at_the_end_is_told(frames, asked, careless):
    assert "index_first is False instead of True" == refusal(careless(frames, faststart=False), asked)


def test_a_video_of_one_colour_is_told(asked, careless):
    assert "every pixel of the video has one and the same colour" == refusal(
        careless(np.zeros((13, 64, 96, 3), np.uint8)), asked
    )


def test_one_bright_pixel_block_or_one_change_of_colour_is_a_picture(asked, careless):
    black = np.zeros((13, 64, 96, 3), np.uint8)
    spot = black.copy()
    spot[:, 10:20, 10:20] = 255
    check(examine(careless(spot)), asked)
    cut = black.copy()
    cut[7:] = 90
    check(examine(careless(cut)), asked)


def test_a_file_that_is_no_video_is_told(tmp_path, asked):
    for content in (b"", b"hello", bytes(range(256)) * 40):
        path = tmp_path / "a.mp4"
        path.write_bytes(content)
        assert "cannot be decoded" in refusal(path, asked)


def test_a_cut_file_is_told(video, asked):
    whole = video.read_bytes()
    for length in (len(whole) // 8, len(whole) // 2, len(whole) - 200):
        video.write_bytes(whole[:length])
        assert refusal(video, asked)


def test_damaged_pictures_are_told(video, asked):
    whole = bytearray(video.read_bytes())
    start = whole.index(b"mdat") + 1200
    whole[start : start + 400] = bytes(400)
    video.write_bytes(whole)
    assert refusal(video, asked)

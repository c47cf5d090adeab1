from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from functions.generate.thumbnail import MiddleFrame, thumbnail


@pytest.mark.parametrize(
    ("size", "expected"),
    [((96, 64), (96, 64)), ((320, 320), (320, 320)), ((848, 480), (320, 181)), ((480, 848), (320, 565))],
)
def test_it_is_a_webp_no_wider_than_320_and_keeps_its_shape(size, expected):
    width, height = size
    image = Image.open(BytesIO(thumbnail(np.full((height, width, 3), 128, np.uint8))))
    assert ("WEBP", expected) == (image.format, image.size)


def test_it_shows_the_picture(frames):
    image = Image.open(BytesIO(thumbnail(frames[6]))).convert("RGB")
    assert np.abs(np.asarray(image).astype(int) - frames[6]).mean() < 6


def test_the_same_picture_gives_the_same_bytes(frames):
    assert thumbnail(frames[6]) == thumbnail(frames[6].copy())


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 7, 13])
def test_the_middle_frame_is_kept_whatever_the_chunks(frames, cut):
    middle = MiddleFrame(13)
    chunks = [frames[i : i + cut] for i in range(0, 13, cut)]
    passed = list(middle.watch(chunks))
    assert np.array_equal(frames, np.concatenate(passed))
    assert np.array_equal(frames[6], middle.picture)


def test_a_video_that_ends_too_soon_has_no_middle(frames):
    middle = MiddleFrame(13)
    list(middle.watch([frames[:6]]))
    assert middle.picture is None

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys

import av
import numpy as np
import pytest

from functions.generate.encode import encode
from functions.generate.fingerprint import fingerprint
from shared.core.errors import DrawingFailed

PATCHES = {
    "red": (220, 30, 30),
    "green": (30, 200, 40),
    "blue": (30, 40, 220),
    "skin": (224, 172, 140),
    "grey": (128, 128, 128),
}


def pictures(path):
    """As a player shows them: it believes the tags."""
    with av.open(str(path)) as container:
        return np.stack(
            [frame.to_ndarray(format="rgb24", src_colorspace=frame.colorspace) for frame in container.decode(video=0)]
        )


def test_the_pictures_come_back(frames, asked, tmp_path):
    encode([frames], tmp_path / "a.mp4", asked)
    error = np.abs(pictures(tmp_path / "a.mp4").astype(int) - frames)
    assert error.mean() < 2.5


def test_a_larger_rate_factor_makes_a_smaller_file(asked, tmp_path):
    noise = np.random.default_rng(7).integers(0, 255, (13, 64, 96, 3), np.uint8)
    for crf in (12, 18, 40):
        encode([noise], tmp_path / f"{crf}.mp4", asked, crf=crf)
    sharp, usual, coarse = ((tmp_path / f"{crf}.mp4").stat().st_size for crf in (12, 18, 40))
    assert sharp > usual > 2 * coarse


def bt709(color):
    """The numbers that BT.709 (H.273, matrix 1, studio range) gives a colour."""
    r, g, b = (part / 255 for part in color)
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return np.array([16 + 219 * y, 128 + 224 * (b - y) / 1.8556, 128 + 224 * (r - y) / 1.5748])


def stored(path):
    """The numbers of one pixel of the first frame, untouched by any conversion."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return np.array([bytes(plane)[plane.line_size * (plane.height // 2)] for plane in frame.planes])


@pytest.mark.parametrize("name", PATCHES)
def test_known_colours_are_stored_as_the_numbers_that_bt709_gives_them(name, asked, tmp_path):
    encode([np.full((13, 64, 96, 3), PATCHES[name], np.uint8)], tmp_path / "a.mp4", asked)
    assert np.abs(stored(tmp_path / "a.mp4") - bt709(PATCHES[name])).max() <= 1


@pytest.mark.parametrize("name", sorted(set(PATCHES) - {"grey"}))
def test_the_numbers_of_bt601_would_be_seen(name, careless):
    """The test above can fail: this file has the right tags and the wrong matrix."""
    path = careless(np.full((3, 64, 96, 3), PATCHES[name], np.uint8), matrix=5)
    assert np.abs(stored(path) - bt709(PATCHES[name])).max() > 2


def test_ffprobe_agrees_on_everything_that_a_browser_needs(frames, asked, tmp_path, ffprobe):
    encode([frames], tmp_path / "a.mp4", asked)
    found = ffprobe(tmp_path / "a.mp4")
    expected = {
        "codec_name": "h264",
        "pix_fmt": "yuv420p",
        "width": 96,
        "height": 64,
        "r_frame_rate": "30/1",
        "avg_frame_rate": "30/1",
        "nb_read_frames": "13",
        "nb_frames": "13",
        "color_range": "tv",
        "color_space": "bt709",
        "color_transfer": "bt709",
        "color_primaries": "bt709",
    }
    assert expected == {key: found[key] for key in expected}
    assert abs(float(found["duration"]) - 13 / 30) < 0.001


def test_the_file_says_what_made_it_and_not_the_prompt(frames, asked, tmp_path, ffprobe):
    encode([frames], tmp_path / "a.mp4", asked, preset="fast")
    tags = ffprobe(tmp_path / "a.mp4")["format"]["tags"]
    assert "mochi-1-tiny, seed 7" == tags["title"]
    made = {"model": "mochi-1-tiny", "preset": "fast", "seed": 7, "request": fingerprint(asked)}
    assert made == json.loads(tags["comment"])
    assert b"cat" not in (tmp_path / "a.mp4").read_bytes()


def test_chunks_of_any_length_give_the_same_bytes(frames, asked, tmp_path):
    cuts = {"whole": [frames], "single": frames[:, None], "uneven": [frames[:5], frames[5:5], frames[5:]]}
    for name, chunks in cuts.items():
        encode(iter(chunks), tmp_path / name, asked)
    assert 1 == len({(tmp_path / name).read_bytes() for name in cuts})


ONE_CORE = """
import os, sys
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from pathlib import Path
import numpy as np
from functions.generate.encode import encode
from shared.core.request import VideoRequest
asked = VideoRequest(**eval(sys.argv[3]))
encode([np.load(sys.argv[1])], Path(sys.argv[2]), asked)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose its cores")
def test_another_process_with_another_number_of_cores_gives_the_same_bytes(frames, asked, tmp_path, pytestconfig):
    np.save(tmp_path / "frames.npy", frames)
    encode([frames], tmp_path / "here.mp4", asked)
    command = [sys.executable, "-c", ONE_CORE, tmp_path / "frames.npy", tmp_path / "there.mp4"]
    subprocess.run([*command, repr(dataclasses.asdict(asked))], check=True, cwd=pytestconfig.rootpath, timeout=60)
    assert (tmp_path / "here.mp4").read_bytes() == (tmp_path / "there.mp4").read_bytes()


def test_x264_leaves_out_what_reads_memory_that_nobody_wrote(frames, asked, tmp_path):
    """It shows in some encodings of many only, so what is held is what x264 says of itself in the file."""
    encode([frames], tmp_path / "a.mp4", asked)
    assert b" mbtree=0 " in (tmp_path / "a.mp4").read_bytes()


def test_frames_that_do_not_lie_in_a_row_in_memory_are_read_right(frames, asked, tmp_path):
    encode([frames], tmp_path / "a.mp4", asked)
    encode([np.ascontiguousarray(frames[..., ::-1])[..., ::-1]], tmp_path / "b.mp4", asked)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        (np.zeros((13, 64, 96, 4), np.uint8), r"uint8 frames of shape \(64, 96, 4\) instead of uint8 \(64, 96, 3\)"),
        (np.zeros((13, 96, 64, 3), np.uint8), r"of shape \(96, 64, 3\)"),
        (np.zeros((64, 96, 3), np.uint8), r"of shape \(96, 3\)"),
        (np.zeros((13, 64, 96, 3), np.float32), "float32 frames"),
    ],
)
def test_frames_that_are_no_pictures_of_this_size_fail_the_drawing(chunk, words, asked, tmp_path):
    with pytest.raises(DrawingFailed, match=words) as caught:
        encode([chunk], tmp_path / "a.mp4", asked)
    assert "quality_check_failed" == caught.value.code


@pytest.mark.parametrize("chunks", [[], [np.zeros((0, 64, 96, 3), np.uint8)]])
def test_no_frames_fail_the_drawing(chunks, asked, tmp_path):
    with pytest.raises(DrawingFailed, match="drew no frames"):
        encode(chunks, tmp_path / "a.mp4", asked)


def test_a_model_that_breaks_off_is_heard(frames, asked, tmp_path):
    def chunks():
        yield frames[:3]
        raise DrawingFailed("the lamp went out", code="test")

    with pytest.raises(DrawingFailed, match="the lamp went out"):
        encode(chunks(), tmp_path / "a.mp4", asked)


def test_the_largest_video_is_never_held_whole(asked, tmp_path):
    """Each chunk may go when the next is drawn."""
    alive = []

    class Watched(np.ndarray):
        def __del__(self):
            alive.remove(self.number)

    def chunks():
        for number in range(8):
            chunk = np.full((2, 64, 96, 3), 20 * number, np.uint8).view(Watched)
            chunk.number = number
            alive.append(number)
            assert len(alive) <= 2
            yield chunk
            del chunk

    encode(chunks(), tmp_path / "a.mp4", asked)
    assert [] == alive

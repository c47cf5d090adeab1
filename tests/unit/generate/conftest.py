from __future__ import annotations

import json
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

from shared.core.request import VideoRequest
from tests.needs import require


@pytest.fixture
def asked() -> VideoRequest:
    return VideoRequest(
        model="mochi-1-tiny",
        prompt="a red cat on the sea",
        negative_prompt="",
        width=96,
        height=64,
        num_frames=13,
        fps=30,
        seed=7,
        num_inference_steps=4,
        guidance_scale=4.5,
    )


@pytest.fixture
def frames(asked) -> np.ndarray:
    """A ball of light crossing a colour wash: smooth, and no two frames alike."""
    y, x = np.mgrid[: asked.height, : asked.width]
    pictures = []
    for t in range(asked.num_frames):
        light = 120 * np.exp(-((x - 6 * t - 8) ** 2 + (y - 30) ** 2) / 200)
        pictures.append(np.stack([x * 1.3 + light, y * 1.7 + light, 130 - x * 0.6 + light], axis=-1))
    return np.clip(pictures, 0, 255).astype(np.uint8)


@pytest.fixture
def ffprobe():
    """A second opinion: what FFmpeg's own program says of the file's only stream, frames counted by decoding."""
    require("ffprobe")

    def probe(path):
        command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (0, "") == (done.returncode, done.stderr)
        found = json.loads(done.stdout)
        assert 1 == len(found["streams"])
        return found["streams"][0] | {"format": found["format"]}

    return probe


@pytest.fixture
def careless(tmp_path):
    """Writes an MP4 with any mistake that is asked for."""

    def write(frames, *, codec="libx264", pix_fmt="yuv420p", fps=30, matrix=1, tag=1, faststart=True):
        path = tmp_path / "careless.mp4"
        options = {"movflags": "+faststart"} if faststart else {}
        with av.open(str(path), "w", format="mp4", options=options) as container:
            stream = container.add_stream(codec, rate=Fraction(fps))
            stream.height, stream.width = frames.shape[1:3]
            stream.pix_fmt = pix_fmt
            context = stream.codec_context
            context.color_primaries = context.color_trc = context.colorspace = tag
            context.color_range = 1
            for picture in frames:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame = frame.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=1)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return write

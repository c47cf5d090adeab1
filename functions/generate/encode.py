"""Frames to MP4: H.264, yuv420p, BT.709, index first, so that every browser plays it while it loads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

from functions.generate.engine import Frames
from functions.generate.fingerprint import fingerprint
from shared.core.errors import DrawingFailed
from shared.core.preset import Preset
from shared.core.request import VideoRequest

BT709: Final = 1
"""The number of BT.709 in H.264's own tables of primaries, transfer functions and matrices (H.273)."""
THREADS: Final = 4
"""x264's output depends on the number of threads, so it may not follow the number of cores."""
MBTREE: Final = "0"
"""On a CPU with AVX-512, x264's mbtree reads memory that nobody wrote: of 65 encodings of one clip at 848x480 five were
others. Without it files are a quarter larger."""


def encode(
    chunks: Iterable[Frames], target: Path, request: VideoRequest, *, crf: int = 18, preset: str = Preset.EXACT
) -> None:
    """Write the frames as they come; the same frames give the same bytes.

    Raises:
        DrawingFailed: The frames are not pictures of the request's size, or there are none.
    """
    options = {"movflags": "+faststart"}
    with av.open(str(target), "w", format="mp4", options=options) as container:
        container.metadata.update(_metadata(request, preset))
        stream = _stream(container, request, crf)
        to_yuv = VideoReformatter()
        written = 0
        for chunk in chunks:
            for picture in _pictures(chunk, request):
                container.mux(stream.encode(_bt709(to_yuv, picture)))
                written += 1
        if not written:
            raise DrawingFailed("the model drew no frames", code="quality_check_failed")
        container.mux(stream.encode())


def _metadata(request: VideoRequest, preset: str) -> dict[str, str]:
    """What made the video. The prompt stays out: files travel further than their owners think."""
    facts = {"model": request.model, "preset": preset, "seed": request.seed, "request": fingerprint(request)}
    return {"title": f"{request.model}, seed {request.seed}", "comment": json.dumps(facts)}


def _stream(container: Any, request: VideoRequest, crf: int) -> Any:
    stream = container.add_stream("libx264", rate=request.fps)
    stream.width, stream.height, stream.pix_fmt = request.width, request.height, "yuv420p"
    stream.options = {"preset": "veryfast", "crf": str(crf), "threads": str(THREADS), "mbtree": MBTREE}
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = int(ColorRange.MPEG)
    return stream


def _pictures(chunk: Frames, request: VideoRequest) -> Frames:
    if chunk.dtype != np.uint8 or chunk.shape[1:] != (request.height, request.width, 3):
        raise DrawingFailed(
            f"the model drew {chunk.dtype} frames of shape {chunk.shape[1:]}"
            f" instead of uint8 {(request.height, request.width, 3)}",
            code="quality_check_failed",
        )
    return np.ascontiguousarray(chunk)


def _bt709(to_yuv: VideoReformatter, picture: Frames) -> Any:
    """Convert with BT.709's matrix. A tag alone would leave swscale's BT.601 numbers under a BT.709 name."""
    return to_yuv.reformat(
        av.VideoFrame.from_ndarray(picture, format="rgb24"),
        format="yuv420p",
        dst_colorspace=int(Colorspace.ITU709),
        dst_color_range=int(ColorRange.MPEG),
        dst_color_primaries=ColorPrimaries.BT709,
        dst_color_trc=ColorTrc.BT709,
    )

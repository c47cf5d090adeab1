"""Plays a finished file as a browser would, and says whether it is the video that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from functions.generate.encode import BT709
from shared.core.errors import DrawingFailed
from shared.core.request import VideoRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decoder found in a file."""

    codec: str
    pixel_format: str
    width: int
    height: int
    fps: Fraction
    num_frames: int
    duration: Fraction
    """Seconds, as the container states it."""
    color: tuple[int, int, int, int]
    """Primaries, transfer, matrix and range as the stream states them; BT.709 is 1, 1, 1, 1."""
    index_first: bool
    """`moov` stands before `mdat`: it plays before it is loaded to the end."""
    blank: bool
    """Every pixel of every frame has one and the same colour."""


CHECKS: Final = tuple(f.name for f in fields(Facts))
"""What `check` looks at."""


def examine(path: Path) -> Facts:
    """Decode every frame.

    Raises:
        DrawingFailed: It cannot be decoded, or not without damage.
    """
    try:
        with av.open(str(path)) as container:
            return _facts(container, index_first=_index_first(path))
    except (av.FFmpegError, IndexError) as error:
        raise _refused(f"the file cannot be decoded: {error}") from None


def check(facts: Facts, request: VideoRequest) -> None:
    """Hold what was found against what was asked for.

    Raises:
        DrawingFailed: Naming every fact that is wrong, with both values.
    """
    expected = Facts(
        codec="h264",
        pixel_format="yuv420p",
        width=request.width,
        height=request.height,
        fps=Fraction(request.fps),
        num_frames=request.num_frames,
        duration=Fraction(request.num_frames, request.fps),
        color=(BT709, BT709, BT709, 1),
        index_first=True,
        blank=False,
    )
    wrong = [
        f"{f.name} is {getattr(facts, f.name)} instead of {getattr(expected, f.name)}"
        for f in fields(Facts)
        if f.name != "blank" and not _fits(getattr(facts, f.name), getattr(expected, f.name))
    ]
    if facts.blank:
        wrong.append("every pixel of the video has one and the same colour")
    if wrong:
        raise _refused("; ".join(wrong))


def _fits(found: object, expected: object) -> bool:
    if isinstance(found, Fraction) and isinstance(expected, Fraction):
        # Containers count durations in ticks of their own: one millisecond is less than any frame.
        return abs(found - expected) <= Fraction(1, 1000)
    return found == expected


def _refused(message: str) -> DrawingFailed:
    return DrawingFailed(message, code="quality_check_failed")


def _facts(container: Any, *, index_first: bool) -> Facts:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    context = stream.codec_context
    num_frames, colors = 0, set()
    for frame in container.decode(stream):
        if frame.is_corrupt:
            raise _refused(f"frame {num_frames} is damaged")
        num_frames += 1
        colors.add(_only_color(frame))
    return Facts(
        codec=context.name,
        pixel_format=context.pix_fmt,
        width=context.width,
        height=context.height,
        fps=Fraction(stream.average_rate or 0),
        num_frames=num_frames,
        duration=Fraction(stream.duration or 0) * stream.time_base,
        color=(context.color_primaries, context.color_trc, context.colorspace, context.color_range),
        index_first=index_first,
        blank=len(colors) == 1 and None not in colors,
    )


def _only_color(frame: Any) -> tuple[int, ...] | None:
    """The frame's colour if it has only one."""
    color = []
    for plane in frame.planes:
        lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        if lines.min() != lines.max():
            return None
        color.append(int(lines[0, 0]))
    return tuple(color)


def _index_first(path: Path) -> bool:
    kinds = list(_boxes(path))
    return b"moov" in kinds and b"mdat" in kinds and kinds.index(b"moov") < kinds.index(b"mdat")


def _boxes(path: Path) -> Iterator[bytes]:
    """The kinds of the file's outermost boxes in order (ISO/IEC 14496-12, 4.2)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 0
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            yield head[4:8]
            # 1: the real length stands behind the kind; 0: to the end of the file.
            length = {0: size - at, 1: int.from_bytes(head[8:16], "big")}.get(length, length)
            at += max(length, 8)

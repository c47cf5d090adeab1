"""What one video of the tiny model costs, part by part: python bench/draw.py [frames] [WIDTHxHEIGHT] [steps].

One process, one cold start, the weights in a fresh folder. Nothing here says anything about the
large model's speed, only about what stands around it.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from functions.generate.mochi import libraries
from shared.core.request import VideoRequest
from shared.settings import Settings

WARM_RUNS: Final = 3


class Clock:
    """Seconds by part; of repeated parts the best."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, part: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.note(part, time.perf_counter() - started)
        return result

    def note(self, part: str, seconds: float) -> None:
        self.seconds[part] = min(seconds, self.seconds.get(part, seconds))


def request(arguments: list[str]) -> VideoRequest:
    frames, size, steps = (*arguments, *("13", "96x64", "4")[len(arguments) :])
    width, height = map(int, size.split("x"))
    return VideoRequest(
        model="mochi-1-tiny",
        prompt="a red cat on the sea",
        negative_prompt="",
        width=width,
        height=height,
        num_frames=int(frames),
        fps=30,
        seed=7,
        num_inference_steps=int(steps),
        guidance_scale=4.5,
    )


def video(engine: Any, asked: VideoRequest, path: Path, clock: Clock, when: str) -> None:
    from functions.generate.encode import encode
    from functions.generate.playback import check, examine
    from functions.generate.thumbnail import thumbnail

    started = time.perf_counter()
    drawing = clock.time(f"{when}: begin (encode prompt)", lambda: engine.begin(asked))
    while drawing.step < drawing.total_steps:
        clock.time(f"{when}: one step", drawing.advance)
    saved = clock.time(f"{when}: checkpoint", drawing.checkpoint)
    chunks = clock.time(f"{when}: decode", lambda: list(drawing.decode()))
    clock.time(f"{when}: encode mp4", lambda: encode(chunks, path, asked))
    clock.time(f"{when}: thumbnail", lambda: thumbnail(chunks[0][0]))
    clock.time(f"{when}: decode again and check", lambda: check(examine(path), asked))
    clock.note(f"{when}: whole video", time.perf_counter() - started)
    print(f"{when}: {path.stat().st_size} bytes of MP4, {len(saved)} of checkpoint", file=sys.stderr)


def main() -> None:
    asked, clock = request(sys.argv[1:]), Clock()
    with tempfile.TemporaryDirectory() as folder:
        clock.time("import", libraries.summon)
        from functions.generate.mochi import tiny
        from functions.generate.mochi.engine import MochiEngine

        engine = MochiEngine(Settings.from_env({"WEIGHTS_DIR": folder}))
        clock.time("build the tiny model", lambda: tiny.ensure(Path(folder)))
        clock.time("load", engine.setup)
        video(engine, asked, Path(folder) / "a.mp4", clock, "first")
        for _ in range(WARM_RUNS):
            video(engine, asked, Path(folder) / "a.mp4", clock, "warm")
    import torch

    print(f"{asked.num_frames} frames {asked.width}x{asked.height}, {asked.num_inference_steps} steps;", end=" ")
    print(f"torch {torch.__version__}, python {platform.python_version()}, {os.cpu_count()} cores")
    for part, seconds in clock.seconds.items():
        print(f"{part:32} {seconds:8.3f} s")


if __name__ == "__main__":
    main()

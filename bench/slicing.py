"""What checkpoints and slices cost: python bench/slicing.py [--tiny].

Steps are those of the tiny model on this CPU, so only the seconds that a checkpoint or a new slice
adds mean anything, not their share of such steps. The share that is printed is of the times that
the platform uses: a checkpoint every 30 s, a slice of 540 s (90 % of a request of 600 s). The
checkpoint is also measured at the size that mochi-1-preview has at 163 frames of 848x480.
"""

from __future__ import annotations

import os
import platform
import statistics
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

CHECKPOINT_S: Final = 30.0
SLICE_S: Final = 540.0
FULL: Final = VideoRequest(
    model="mochi-1-preview",
    prompt="",
    negative_prompt="",
    width=848,
    height=480,
    num_frames=163,
    fps=30,
    seed=7,
    num_inference_steps=64,
    guidance_scale=4.5,
)


def request(steps: int) -> VideoRequest:
    words = {"model": "mochi-1-tiny", "prompt": "a red cat on the sea", "width": 96, "height": 64, "num_frames": 13}
    rest = {"negative_prompt": "", "fps": 30, "seed": 7, "num_inference_steps": steps, "guidance_scale": 4.5}
    return VideoRequest(**words, **rest)


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def draw(engine: Any, asked: VideoRequest, slices: int) -> bytes:
    """All steps, in so many slices: each but the first goes on from the last one's checkpoint."""
    drawing, ends = engine.begin(asked), [asked.num_inference_steps * (n + 1) // slices for n in range(slices)]
    for number, end in enumerate(ends):
        while drawing.step < end:
            drawing.advance()
        if number < slices - 1:
            drawing = engine.begin(asked, drawing.checkpoint())
    return bytes(drawing.checkpoint())


def full_checkpoint() -> tuple[Callable[[], bytes], Callable[[bytes], Any]]:
    """How a checkpoint of the large model is written and read, without the model."""
    import torch

    from functions.generate.mochi.checkpoint import Identity, State, pack, unpack

    latents = torch.randn((1, 12, 28, 60, 106), generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    identity = Identity(FULL, "exact", torch.linspace(0, 1, 65))
    return lambda: pack(State(32, latents), identity), lambda data: unpack(data, identity, like=latents)


def told(what: str, taken: float, of: float | None = None) -> None:
    share = f"{taken / of:8.3%} of {of:.0f} s" if of else ""
    print(f"{what:68} {taken:8.4f} s {share}")


def main() -> None:
    tiny = "--tiny" in sys.argv[1:]
    steps, slices, rounds = (4, 2, 1) if tiny else (24, 4, 5)
    with tempfile.TemporaryDirectory() as folder:
        libraries.summon()
        import torch

        # Two threads that wait for each other on a machine that does something else measure only that.
        torch.set_num_threads(1)
        from functions.generate.mochi.engine import MochiEngine

        engine = MochiEngine(Settings.from_env({"WEIGHTS_DIR": folder}), device="cpu")
        engine.setup()
        asked = request(steps)
        if draw(engine, asked, 1) != draw(engine, asked, slices):
            sys.exit("a sliced drawing differs from one in one go: nothing else counts")
        whole, sliced = [], []
        for _ in range(rounds):  # in turns, so that what else the machine does meets both alike
            whole.append(seconds(lambda: draw(engine, asked, 1)))
            sliced.append(seconds(lambda: draw(engine, asked, slices)))
    pack, unpack = full_checkpoint()
    data = pack()
    packing = statistics.median(seconds(pack) for _ in range(rounds))
    reading = statistics.median(seconds(lambda: unpack(data)) for _ in range(rounds))
    change = (statistics.median(sliced) - statistics.median(whole)) / (slices - 1)

    print(
        f"torch {torch.__version__}, python {platform.python_version()}, 1 thread of {os.cpu_count()} cores", end="; "
    )
    print(f"{rounds} rounds, medians")
    told(f"mochi-1-tiny, {steps} steps in one go", statistics.median(whole))
    told(f"mochi-1-tiny, {steps} steps in {slices} slices", statistics.median(sliced))
    told("one change of slice: checkpoint, begin again", change, SLICE_S)
    told(f"checkpoint of 163 frames 848x480 ({len(data):,} bytes): written", packing, CHECKPOINT_S)
    told("  the same: read", reading, SLICE_S)
    print("mochi-1-preview's own change of slice (its text encoder runs again)   not measured: no GPU")


if __name__ == "__main__":
    main()

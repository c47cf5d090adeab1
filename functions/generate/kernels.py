"""Compile a model's kernels once, for every process that will draw it on such a GPU with this version of the code.

    COMPILE=true python -m functions.generate.kernels mochi-1-preview

Reads the settings of generate, needs its GPU for a minute, and writes beside the weights in WEIGHTS_DIR. What is there
stays, unless it is damaged. Exit status: 0 it is done; 1 it is not, and the sentence says why; 2 wrong words.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from functions.generate.engine import VideoEngine
from shared.core.catalog import CATALOG
from shared.core.errors import FlipbookError
from shared.core.request import VideoRequest
from shared.settings import BadSetting, Settings


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Do what `words` say; by default those of the process, in its environment."""
    parser = argparse.ArgumentParser(
        prog="python -m functions.generate.kernels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", choices=sorted(CATALOG))
    model = parser.parse_args(words).model
    try:
        settings = replace(Settings.from_env(environ), models=(model,))
        if not settings.compiled:
            return _said("COMPILE is not true: generate would compile nothing, and read no kernels", 1)
        return _said(_made(settings, model), 0)
    except (BadSetting, FlipbookError, OSError) as error:
        return _said(str(error), 1)


def _made(settings: Settings, model: str) -> str:
    """Raises: ModelUnavailable, OutOfMemory, OSError."""
    from functions.generate.mochi import kernels, pipeline
    from functions.generate.mochi.engine import MochiEngine

    file = kernels.place(settings, model, pipeline.pick_device(None))
    if file.exists() and kernels.is_sound(file.read_bytes()):
        return f"{file} is there."
    engine = MochiEngine(settings)
    engine.setup()
    draw_a_step_of_each(engine, requests(model, settings.presets))
    return f"{file} is written: {kernels.keep(file)} bytes."


def draw_a_step_of_each(engine: VideoEngine, requests: Iterable[VideoRequest]) -> None:
    """Raises: ModelUnavailable, OutOfMemory."""
    for request in requests:
        engine.begin(request).advance()


def requests(model: str, presets: Sequence[str]) -> Iterator[VideoRequest]:
    """What is drawn a step of: with guidance, as nearly everybody asks, in two lengths, after which torch compiles for
    any.
    """
    known = CATALOG[model]
    for preset in presets:
        for frames in (known.num_frames, known.max_frames):
            yield VideoRequest(
                model=model,
                prompt="kernels",
                negative_prompt="",
                width=known.width,
                height=known.height,
                num_frames=frames,
                fps=known.fps,
                seed=0,
                num_inference_steps=2,
                guidance_scale=known.guidance_scale,
                preset=preset,
            )


def _said(sentence: str, status: int) -> int:
    (sys.stderr if status else sys.stdout).write(f"{sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())

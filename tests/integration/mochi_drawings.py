"""What the tests of the Mochi engine draw, and how."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from functions.generate.mochi.engine import MochiEngine
from shared.core.request import VideoRequest
from shared.settings import Settings

REQUEST = VideoRequest(
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


def engine_in(weights: Path, models: str = "mochi-1-tiny", presets: str = "exact turbo") -> MochiEngine:
    variables = {"WEIGHTS_DIR": str(weights), "MODELS": models, "PRESETS": presets}
    return MochiEngine(Settings.from_env(variables), device="cpu")


def draw(engine, request, checkpoint=None):
    drawing = engine.begin(request, checkpoint)
    while drawing.step < drawing.total_steps:
        drawing.advance()
    return np.concatenate(list(drawing.decode()))

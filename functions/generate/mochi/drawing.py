"""One video of Mochi, step by step: MochiPipeline.__call__ with its loop turned inside out.

Each stage has its counterpart there, in the same order and precision; a test holds both against
each other bit for bit.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import torch

from functions.generate.engine import Frames
from functions.generate.mochi import decoding, denoising, prompt
from functions.generate.mochi.checkpoint import Identity, State, Unusable, pack, unpack
from functions.generate.mochi.memory import room
from functions.generate.mochi.modules import Modules
from functions.generate.mochi.schedule import schedule
from shared.core.errors import DrawingFailed
from shared.core.request import VideoRequest

log = logging.getLogger(__name__)


class MochiDrawing:
    """A drawing with one model's modules. Its tensors and schedule are its own; only the weights are shared."""

    def __init__(self, modules: Modules, request: VideoRequest, checkpoint: bytes | None = None) -> None:
        self._modules = modules
        self._outlook: torch.Tensor | None = None
        with room(), torch.inference_mode():
            words = prompt.encode(modules, request)
            plan = schedule(request.num_inference_steps, modules.device)
            self._identity = Identity(request, modules.preset, plan.sigmas, modules.weights)
            self._denoiser = denoising.Denoiser(modules, request, words, plan)
            self._state = self._start(checkpoint, denoising.noise(modules, request, words.embeddings.dtype))

    @property
    def preset(self) -> str:
        return self._modules.preset

    @property
    def step(self) -> int:
        return self._state.step

    @property
    def total_steps(self) -> int:
        return len(self._denoiser.plan.timesteps)

    def advance(self) -> None:
        state = self._state
        with room(), torch.inference_mode():
            done = self._denoiser.denoise(state.step, state.latents, state.velocity)
            # Asking waits for the device, so a step that returns is a step that is done.
            sound = bool(torch.isfinite(done.latents).all())
        if not sound:
            raise DrawingFailed(
                f"step {state.step + 1} of {self.total_steps} left numbers that are not finite",
                code="quality_check_failed",
            )
        self._state, self._outlook = State(state.step + 1, done.latents, done.velocity), done.outlook

    def preview(self) -> Frames | None:
        if self._outlook is None:
            return None
        with room(), torch.inference_mode():
            return self._modules.sketcher.picture(self._outlook)

    def checkpoint(self) -> bytes:
        return pack(self._state, self._identity)

    def decode(self) -> Iterator[Frames]:
        chunks = decoding.decode(self._modules.vae, self._state.latents, between=self._modules.between)
        while True:
            with room(), torch.inference_mode():
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    def _start(self, checkpoint: bytes | None, noise: torch.Tensor) -> State:
        if checkpoint is None:
            return State(0, noise)
        try:
            return unpack(checkpoint, self._identity, like=noise)
        except Unusable as reason:
            log.warning("starting at step 0, the checkpoint is of no use: %s", reason)
            return State(0, noise)

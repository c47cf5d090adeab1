"""One video of Mochi, step by step: MochiPipeline.__call__ with its loop turned inside out.

Every line has its counterpart there, in the same order and precision; a test holds both against
each other bit for bit.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch
from diffusers.pipelines.mochi.pipeline_mochi import linear_quadratic_schedule, retrieve_timesteps

from functions.generate.engine import Frames
from functions.generate.mochi.checkpoint import State, Unusable, pack, unpack
from shared.core.errors import DrawingFailed, OutOfMemory
from shared.core.request import VideoRequest

log = logging.getLogger(__name__)

THRESHOLD_NOISE: Final = 0.025
"""How much noise the linear half of the schedule takes away: the pipeline's constant, and Genmo's."""
CHUNK: Final = 12
"""Frames turned into bytes at a time."""


class MochiDrawing:
    """A drawing on one pipeline. Its tensors and schedule are its own; only the weights are shared."""

    def __init__(self, pipe: Any, request: VideoRequest, checkpoint: bytes | None = None) -> None:
        self._pipe = pipe
        self._request = request
        self._guided = request.guidance_scale > 1.0
        with _room(), torch.inference_mode():
            self._prompt, self._mask = self._encode_prompt()
            state = self._start(checkpoint)
            self._latents, self._step = state.latents, state.step
            self._scheduler, self._timesteps = self._schedule()

    @property
    def step(self) -> int:
        return self._step

    @property
    def total_steps(self) -> int:
        return len(self._timesteps)

    def advance(self) -> None:
        with _room(), torch.inference_mode():
            latents = self._denoised(self._timesteps[self._step])
            # Asking waits for the device, so a step that returns is a step that is done.
            sound = bool(torch.isfinite(latents).all())
        if not sound:
            raise DrawingFailed(
                f"step {self._step + 1} of {self.total_steps} left numbers that are not finite",
                code="quality_check_failed",
            )
        self._latents = latents
        self._step += 1

    def checkpoint(self) -> bytes:
        return pack(State(self._step, self._latents), self._request)

    def decode(self) -> Iterator[Frames]:
        with _room(), torch.inference_mode():
            video = self._decoded()
        for start in range(0, len(video), CHUNK):
            with _room(), torch.inference_mode():
                chunk = _bytes(video[start : start + CHUNK])
            yield chunk

    def _encode_prompt(self) -> tuple[torch.Tensor, torch.Tensor]:
        text, text_mask, negative, negative_mask = self._pipe.encode_prompt(
            prompt=self._request.prompt,
            negative_prompt=self._request.negative_prompt,
            do_classifier_free_guidance=self._guided,
            device=self._pipe.device,
        )
        if not self._guided:
            return text, text_mask
        return torch.cat([negative, text], dim=0), torch.cat([negative_mask, text_mask], dim=0)

    def _start(self, checkpoint: bytes | None) -> State:
        noise = self._pipe.prepare_latents(
            1,
            self._pipe.transformer.config.in_channels,
            self._request.height,
            self._request.width,
            self._request.num_frames,
            self._prompt.dtype,
            self._pipe.device,
            # On the CPU wherever the model is: the same seed is the same noise on any device.
            torch.Generator("cpu").manual_seed(self._request.seed),
        )
        if checkpoint is None:
            return State(0, noise)
        try:
            return unpack(checkpoint, self._request, like=noise)
        except Unusable as reason:
            log.warning("starting at step 0, the checkpoint is of no use: %s", reason)
            return State(0, noise)

    def _schedule(self) -> tuple[Any, torch.Tensor]:
        # A scheduler counts its own steps, so each drawing has one.
        scheduler = type(self._pipe.scheduler).from_config(self._pipe.scheduler.config)
        steps = self._request.num_inference_steps
        sigmas = np.array(linear_quadratic_schedule(steps, THRESHOLD_NOISE))
        timesteps, _ = retrieve_timesteps(scheduler, steps, self._pipe.device, None, sigmas)
        scheduler.set_begin_index(self._step)
        return scheduler, timesteps

    def _denoised(self, timestep: torch.Tensor) -> torch.Tensor:
        model_input = torch.cat([self._latents] * 2) if self._guided else self._latents
        with _quiet(), self._pipe.transformer.cache_context("cond_uncond"):
            noise = self._pipe.transformer(
                hidden_states=model_input,
                encoder_hidden_states=self._prompt,
                timestep=timestep.expand(model_input.shape[0]).to(self._latents.dtype),
                encoder_attention_mask=self._mask,
                return_dict=False,
            )[0]
        noise = noise.to(torch.float32)
        if self._guided:
            without, with_text = noise.chunk(2)
            noise = without + self._request.guidance_scale * (with_text - without)
        stepped = self._scheduler.step(noise, timestep, self._latents.to(torch.float32), return_dict=False)[0]
        return torch.as_tensor(stepped).to(self._latents.dtype)

    def _decoded(self) -> torch.Tensor:
        """The video in 0 to 1: (frames, 3, height, width)."""
        vae, latents = self._pipe.vae, self._latents
        if vae.config.latents_mean is not None and vae.config.latents_std is not None:
            mean = torch.tensor(vae.config.latents_mean).view(1, 12, 1, 1, 1).to(latents.device, latents.dtype)
            std = torch.tensor(vae.config.latents_std).view(1, 12, 1, 1, 1).to(latents.device, latents.dtype)
            latents = latents * std / vae.config.scaling_factor + mean
        else:
            latents = latents / vae.config.scaling_factor
        video = vae.decode(latents, return_dict=False)[0]
        return torch.as_tensor(self._pipe.video_processor.postprocess_video(video, output_type="pt")[0])


def _bytes(pictures: torch.Tensor) -> Frames:
    """Rounded on the device, as diffusers' numpy_to_pil rounds on the CPU."""
    numbers = (pictures.permute(0, 2, 3, 1).float() * 255).round().to(torch.uint8)
    return np.asarray(numbers.cpu().numpy(), dtype=np.uint8)


@contextmanager
def _quiet() -> Iterator[None]:
    """Mochi asks for float32 autocast around its rotary frequencies; on a CPU torch says at each step that it has none.

    Nothing is lost: the numbers are float32 there already.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In CPU autocast, but the target dtype is not supported")
        yield


@contextmanager
def _room() -> Iterator[None]:
    """Turn "no memory left" into an error that a later or another try may not meet, and leave room for the next job."""
    try:
        yield
        return
    except torch.OutOfMemoryError as error:
        message = str(error).partition("\n")[0]
        # The frames of the failed call hold its tensors for as long as the error lives.
        traceback.clear_frames(error.__traceback__)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemory(message)

"""Mochi-1 as a VideoEngine. Imports neither torch nor diffusers until `setup`: that takes seconds."""

from __future__ import annotations

import gc
import logging
import time
from typing import Any

from functions.generate.engine import Drawing
from functions.generate.mochi import libraries, tiny, weights
from functions.generate.prefetch import Prefetch
from shared.core.errors import ModelUnavailable
from shared.core.request import VideoRequest
from shared.settings import Settings

log = logging.getLogger(__name__)


class MochiEngine:
    """Holds one model at a time; a request for another offered one swaps it in."""

    def __init__(self, settings: Settings, *, device: str | None = None) -> None:
        """Asks the disk for the first model's weights: `setup`, and what the process imports before, take seconds.

        `device` is a torch device; by default the first GPU, or the CPU where there is none.
        """
        self._ahead = Prefetch(weights.in_order(settings.weights_dir / settings.models[0]))
        self._settings = settings
        self._device_name = device
        self._model = ""
        self._modules: Any = None
        self._how = {"compiled": settings.compiled, "fp8_attention": settings.fp8_attention}
        self._prepared: dict[str, Any] = {}

    def setup(self) -> None:
        """Import the libraries and load the first model.

        Raises:
            ModelUnavailable: Its weights are missing, the tiny model's cannot be written, or this device
                lacks one of the presets that are offered.
        """
        libraries.summon()
        from functions.generate.mochi import pipeline, presets

        presets.check(self._settings.presets, pipeline.pick_device(self._device_name), **self._how)
        self._ahead.stop()
        self._load(self._settings.models[0])

    @property
    def device(self) -> str:
        from functions.generate.mochi import pipeline

        return pipeline.device_name(pipeline.pick_device(self._device_name))

    def begin(self, request: VideoRequest, checkpoint: bytes | None = None) -> Drawing:
        """Raises: ModelUnavailable, OutOfMemory."""
        from functions.generate.mochi import presets
        from functions.generate.mochi.drawing import MochiDrawing
        from functions.generate.mochi.memory import room

        if request.preset not in self._settings.presets:
            raise ModelUnavailable(
                f"{request.preset} is not among the presets offered here: {', '.join(self._settings.presets)}"
            )
        if request.model != self._model:
            with room():
                self._load(request.model)
        if self._settings.compiled:
            presets.tune_compiler()  # the steps will be this thread's
        return MochiDrawing(self._for(request.preset), request, checkpoint)

    def _for(self, preset: str) -> Any:
        """The modules as `preset` has them; made ready when it is first asked for."""
        from functions.generate.mochi import presets
        from functions.generate.mochi.memory import room

        if preset not in self._prepared:
            with room():
                self._prepared[preset] = presets.prepared(self._modules, preset, **self._how)
        return self._prepared[preset]

    def _build_tiny(self) -> None:
        try:
            tiny.ensure(self._settings.weights_dir)
        except OSError as error:
            raise ModelUnavailable(
                f"{tiny.NAME} cannot be built: {error}. Set WEIGHTS_DIR to a folder that can be written"
            ) from error

    def _load(self, model: str) -> None:
        from functions.generate.mochi import kernels, pipeline

        if model not in self._settings.models:
            raise ModelUnavailable(f"{model} is not among the models offered here: {', '.join(self._settings.models)}")
        if model == tiny.NAME:
            self._build_tiny()
        found = weights.folder(self._settings.weights_dir, model)
        device = pipeline.pick_device(self._device_name)
        self._drop()
        started = time.monotonic()
        self._modules, self._model = pipeline.load(found, device), model
        if self._settings.compiled:
            kernels.take(kernels.place(self._settings, model, device))
        log.info("loaded %s on %s in %.1f s", model, device, time.monotonic() - started)

    def _drop(self) -> None:
        """The old model goes before the new one comes: two of the large ones do not fit on one GPU."""
        if self._modules is None:
            return
        self._modules, self._model, self._prepared = None, "", {}
        # Compiled blocks refer to themselves, and nothing of what the start made is looked at (gunicorn.conf.py).
        gc.unfreeze()
        gc.collect()

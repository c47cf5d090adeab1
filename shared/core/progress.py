"""How far an attempt has come. Changes often and is worth little: it lives beside the job, never in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.core.timings import Timings


class Phase(StrEnum):
    LOADING = "loading_model"
    ENCODING = "encoding_prompt"
    DENOISING = "denoising"
    DECODING = "decoding"
    UPLOADING = "uploading"


# Where each phase starts on the scale of 0 to 100. Denoising takes nearly all of the time;
# 100 belongs to the completed job alone.
_START = {Phase.LOADING: 0, Phase.ENCODING: 1, Phase.DENOISING: 2, Phase.DECODING: 92, Phase.UPLOADING: 98}
_DENOISING_SPAN = _START[Phase.DECODING] - _START[Phase.DENOISING]

_UNMEASURED: Final = Timings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a worker says of its attempt: `step` of `total_steps` denoising steps are done."""

    attempt: str
    phase: Phase
    step: int = 0
    total_steps: int = 0
    resumed_from: int = 0
    """The step of the checkpoint that the attempt began at; 0: it began from nothing."""
    timings: Timings = _UNMEASURED
    gpu: str | None = None
    preview_step: int | None = None
    """The step that the preview in the artifact store shows; None: there is none of this attempt."""

    @property
    def percent(self) -> int:
        """0 to 99."""
        inside = 0
        if self.phase is Phase.DENOISING and self.total_steps:
            inside = _DENOISING_SPAN * self.step // self.total_steps
        return _START[self.phase] + inside

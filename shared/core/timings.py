"""Where the seconds of a drawing went, as its worker measured them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Of one attempt; None: not measured. One that resumed measured only the steps that it did itself."""

    cold_start_s: float | None = None
    """How long the job waited for a worker that had to be started; 0: one was there."""
    load_s: float | None = None
    """Of that, how long the worker loaded the model."""
    prompt_s: float | None = None
    """Encoding the prompt, and fetching the checkpoint; also changing the model, if another one was loaded."""
    denoise_s: float | None = None
    decode_s: float | None = None
    encode_s: float | None = None
    """Making the files out of the pictures, and playing them again to check them."""
    upload_s: float | None = None

    @property
    def per_job_s(self) -> float:
        """What a whole drawing takes beside its denoising."""
        return sum(part or 0.0 for part in (self.prompt_s, self.decode_s, self.encode_s, self.upload_s))

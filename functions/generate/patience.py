"""How long an attempt bears what does not answer. Not settings: nobody should have to choose them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """All in seconds."""

    artifacts: float = 120.0
    """With the artifact store, for one upload or for the checkpoint to go on from."""
    artifacts_pause: float = 2.0
    """Between two tries."""
    settle: float = 90.0
    """With the job store, to tell it how the attempt ended."""
    settle_pause: float = 1.0
    """Between two tries."""
    step: float = 600.0
    """With the model, for one step, its beginning or its end: the longest request that Knative admits by default."""

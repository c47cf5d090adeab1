"""How long an attempt bears what does not answer. Not settings: nobody should have to choose them."""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.overtaking import TURN


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """All in seconds."""

    artifacts: float = 120.0
    """With the artifact store, for one upload or for the checkpoint to go on from."""
    handover: float = 45.0
    """The same, for the last checkpoint of a slice: by default its request has 60 s left then."""
    artifacts_pause: float = 2.0
    """Between two tries."""
    settle: float = 90.0
    """With the job store, to tell it how the attempt ended."""
    settle_pause: float = 1.0
    """Between two tries."""
    step: float = 600.0
    """With the model, for one step, its beginning or its end: the longest request that Knative admits by default."""
    rival_after: float = TURN.total_seconds()
    """Before the first look at who waits for our GPU."""
    rival_every: float = 5.0
    """Between two such looks."""
    rival_away: float = 60.0
    """The same, after a look that the job store did not answer: each costs the time of its timeouts."""

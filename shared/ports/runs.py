"""What finished videos cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from shared.core.run import Run

KEPT_RUNS: Final = 100
"""Of each model."""


class RunStore(Protocol):
    """The latest runs. Worth little: one that is lost or told twice moves an estimate a bit."""

    def add(self, run: Run) -> None:
        """Keep it, in place of the oldest of its model if there are `KEPT_RUNS`."""
        ...

    def recent(self, models: Sequence[str]) -> Sequence[Run]:
        """The runs of these models, the newest of each model first."""
        ...

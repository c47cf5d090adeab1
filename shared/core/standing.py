"""How a job stands at one instant, and which of two standings is the later one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from shared.core.job import Job
from shared.core.progress import Phase, Progress

_PHASES: Final = tuple(Phase)
_STEPS: Final = 10_000
"""More than any phase has."""
_MARK: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Standing:
    """A job with what lies beside it: its present attempt's last report, the highest percentage ever, its place."""

    job: Job
    progress: Progress | None = None
    percent: int = 0
    position: int | None = None
    """How many stand before it in the queue; None: it does not wait."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """How far a job's story is told. A later standing of the same job has a greater mark, whoever reads it."""

    version: int
    phase: int
    """0: nothing is reported of the present attempt yet."""
    step: int

    @classmethod
    def of(cls, standing: Standing) -> Self:
        progress = standing.progress
        if progress is None:
            return cls(standing.job.version, 0, 0)
        return cls(standing.job.version, _PHASES.index(progress.phase) + 1, progress.step)

    @property
    def number(self) -> int:
        """Where it stands among those of its version; 0: before all of them."""
        return self.phase * _STEPS + self.step

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What `str` made of a mark; None of anything else."""
        match = _MARK.fullmatch(text)
        return cls(*map(int, match.groups())) if match else None

    def __str__(self) -> str:
        return f"{self.version}.{self.phase}.{self.step}"

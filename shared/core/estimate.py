"""How long a drawing will take, foretold from its work and from what the platform's GPUs did before.

The work is arithmetic (work.py). How fast the GPUs really are is learnt: each earlier run says by
which factor the arithmetic was wrong. The middle factor of the latest runs makes the expected time,
and one that 9 of 10 runs stay below makes the cautious one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from shared.core.run import Run
from shared.core.work import Work, architecture

WINDOW: Final = 19
"""Runs that count. GPUs that slow down are believed with the tenth; and the second longest of 19 is, whatever
their distribution, what the next one stays below in 9 of 10 cases."""
_FEW: Final = 9
"""With fewer, nobody knows yet how far runs differ."""
_SPREAD: Final = 1.5
"""How far they are taken to differ until then."""
_WILDEST: Final = 1000.0
"""A factor beyond it, or below its inverse, is a fault of the measurement."""
LONGEST_S: Final = 86_400.0
COLD_START_S: Final = 30.0
"""Until one was measured: Mochi-1's weights by diffusers' own loader, from a disk that is not warm."""
LONGEST_COLD_START_S: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Seconds of GPU time: half of all such drawings take at most `p50_s`, 9 of 10 at most `p90_s`."""

    p50_s: float
    p90_s: float
    denoise_s: float
    """The part of `p50_s` that passes step by step."""

    @property
    def rest_s(self) -> float:
        """What follows the last step."""
        return self.p50_s - self.denoise_s

    def is_long(self, threshold_s: float) -> bool:
        return self.p50_s > threshold_s


@dataclass(frozen=True, slots=True)
class Pace:
    """By which factor the arithmetic is wrong, usually and in 9 of 10 cases."""

    usual: float = 1.0
    cautious: float = _SPREAD

    @classmethod
    def of(cls, model: str, runs: Sequence[Run], *, gpu: str | None = None) -> Self:
        """From the newest of `runs` first; on `gpu` if runs on it are known."""
        factors = _factors(model, runs, gpu)
        usual = median(factors) if factors else 1.0
        return cls(usual, _cautious(factors, usual))

    def estimate(self, work: Work) -> Estimate:
        model = architecture(work.model)
        seconds = model.seconds(work)
        return Estimate(
            p50_s=_bounded(seconds * self.usual),
            p90_s=_bounded(seconds * self.cautious),
            denoise_s=_bounded(model.denoise_s(work) * self.usual),
        )


def estimate(work: Work, runs: Sequence[Run] = (), *, gpu: str | None = None) -> Estimate:
    """The estimate for `work`, as `Pace.of` learns from `runs`."""
    return Pace.of(work.model, runs, gpu=gpu).estimate(work)


def cold_start_s(runs: Sequence[Run]) -> float:
    """How long a worker usually takes to start, everything included; of the newest runs first."""
    felt = [run.cold_start_s for run in runs if run.cold_start_s > 0][:WINDOW]
    return min(median(felt), LONGEST_COLD_START_S) if felt else COLD_START_S


def _factors(model: str, runs: Sequence[Run], gpu: str | None) -> list[float]:
    """By which factor the arithmetic was wrong, of the newest runs that tell."""
    same = [run for run in runs if run.work.model == model]
    there = [run for run in same if run.gpu == gpu]
    told = [run.seconds / architecture(model).seconds(run.work) for run in there or same]
    return [min(max(factor, 1 / _WILDEST), _WILDEST) for factor in told if math.isfinite(factor)][:WINDOW]


def _cautious(factors: Sequence[float], usual: float) -> float:
    """The factor that the next run stays below in 9 of 10 cases."""
    if len(factors) < _FEW:
        return max([usual * _SPREAD, *factors])
    rank = min(math.ceil(0.9 * (len(factors) + 1)), len(factors))
    return sorted(factors)[rank - 1]


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST_S)

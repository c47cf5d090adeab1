"""How many instances a revision wants: a pure function of what was seen lately.

Knative's Pod Autoscaler in short: up at once, down by the average over the stable window, and not down
at all for one window after a burst that doubled the need (panic). To zero after a window without any
request, and the last instance is kept for the retention period on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final

_PRECISION: Final = 6
"""Digits of an average that count: an average over a moving window never gets quite back to zero."""
_PANIC: Final = 2
"""A need of this many times the instances there are is a burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen at `at` (seconds on any steady clock)."""

    at: float
    average: float
    """Requests inside, waiting ones too, averaged over the time since the sample before."""
    now: int
    """Requests inside at this moment."""
    ready: int
    """Instances ready at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The settings of one revision; times in seconds, `max_scale` 0 is no limit."""

    target: float
    min_scale: int
    max_scale: int
    window: float
    retention: float

    @property
    def memory(self) -> float:
        """How long a sample matters."""
        return self.window + self.retention


def desired(history: Sequence[Sample], scale: Scale, at: float) -> int:
    """How many instances there should be at `at`, given the samples since then, oldest first."""
    window = [sample for sample in history if sample.at > at - scale.window]
    wanted = max(_need(history, scale), _stable(window, scale), _burst(window, scale), _kept(history, scale, at))
    wanted = max(wanted, scale.min_scale)
    return min(wanted, scale.max_scale) if scale.max_scale else wanted


def remembered(history: Sequence[Sample], scale: Scale, at: float) -> list[Sample]:
    """The samples that `desired` will still look at."""
    return [sample for sample in history if sample.at > at - scale.memory]


def _need(history: Sequence[Sample], scale: Scale) -> int:
    return ceil(history[-1].now / scale.target) if history else 0


def _stable(window: Sequence[Sample], scale: Scale) -> int:
    """Each sample weighs as long as it stands for."""
    spans = [later.at - earlier.at for earlier, later in pairwise(window)]
    if not sum(spans):
        return 0
    area = sum(span * sample.average for span, sample in zip(spans, window[1:], strict=True))
    return ceil(round(area / sum(spans), _PRECISION) / scale.target)


def _burst(window: Sequence[Sample], scale: Scale) -> int:
    needs = [(ceil(sample.now / scale.target), sample.ready) for sample in window]
    return max((need for need, ready in needs if need >= _PANIC * max(ready, 1)), default=0)


def _kept(history: Sequence[Sample], scale: Scale, at: float) -> int:
    """One instance, while anything was seen within window and retention."""
    return int(any(sample.at > at - scale.memory and (sample.now or sample.average) for sample in history))

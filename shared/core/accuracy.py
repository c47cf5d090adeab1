"""How good an estimate was, once the truth is known."""

from __future__ import annotations

from enum import StrEnum

from shared.core.estimate import Estimate


class Verdict(StrEnum):
    """What was foretold of a job's length, and whether it was right."""

    TRUE_LONG = "true_long"
    FALSE_LONG = "false_long"
    TRUE_SHORT = "true_short"
    FALSE_SHORT = "false_short"


def verdict(foretold: Estimate, seconds: float, threshold_s: float) -> Verdict:
    """Whether a drawing that took `seconds` was rightly called long, or short."""
    said, was = foretold.is_long(threshold_s), seconds > threshold_s
    if said:
        return Verdict.TRUE_LONG if was else Verdict.FALSE_LONG
    return Verdict.FALSE_SHORT if was else Verdict.TRUE_SHORT


def relative_error(foretold: Estimate, seconds: float) -> float:
    """The share of the truth by which the expected time missed it; 0: it did not."""
    return abs(foretold.p50_s - seconds) / seconds if seconds > 0 else 0.0

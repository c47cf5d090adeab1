"""The annotations of a Service's template: how many instances, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from local.manifests.durations import span
from local.manifests.metadata import read_annotations
from local.manifests.nodes import Shape, Value

DOMAIN: Final = "autoscaling.knative.dev/"
_MIN: Final = DOMAIN + "min-scale"
_MAX: Final = DOMAIN + "max-scale"
_TARGET: Final = DOMAIN + "target"
_UTILIZATION: Final = DOMAIN + "target-utilization-percentage"
_WINDOW: Final = DOMAIN + "window"
_RETENTION: Final = DOMAIN + "scale-to-zero-pod-retention-period"
_DEADLINE: Final = "serving.knative.dev/progress-deadline"
_HOUR: Final = timedelta(hours=1)
_SECOND: Final = timedelta(seconds=1)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")

_DEFAULT_TARGET: Final = 100.0
"""config-autoscaler: container-concurrency-target-default."""
_DEFAULT_UTILIZATION: Final = 70.0
"""config-autoscaler: container-concurrency-target-percentage."""
_DEFAULT_DEADLINE: Final = timedelta(seconds=600)
"""config-deployment: progress-deadline."""
_ACTIVATION_BUFFER: Final = timedelta(seconds=30)
"""kpa/scaler.go: activationTimeoutBuffer."""


def _burst(value: Value) -> None:
    # Here the ingress always stands before the instances, as the activator does with -1.
    value.one_of("-1")


_KNOWN: Final[Mapping[str, Shape | None]] = {
    **dict.fromkeys((_MIN, _MAX, _TARGET, _UTILIZATION, _WINDOW, _RETENTION, _DEADLINE)),
    DOMAIN + "target-burst-capacity": _burst,
    "cluster-autoscaler.kubernetes.io/safe-to-evict": Value.text,
    "karpenter.sh/do-not-disrupt": Value.text,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaling:
    """How many instances a Service may have, and what each is meant to hold."""

    min_scale: int
    max_scale: int
    target: float
    window: timedelta
    retention: timedelta
    activation: timedelta


def autoscaling(annotations: Value | None, concurrency: int) -> Autoscaling:
    """Read a template's annotations; Knative's defaults for those that are missing."""
    found = read_annotations(annotations, _KNOWN)
    least, most = _scale(found.get(_MIN)), _scale(found.get(_MAX))
    if most and most < least:
        raise found[_MAX].error(f"is less than min-scale, {least}")
    window, retention, deadline = found.get(_WINDOW), found.get(_RETENTION), found.get(_DEADLINE)
    return Autoscaling(
        min_scale=least,
        max_scale=most,
        target=_target(found, concurrency),
        window=span(window, 6 * _SECOND, _HOUR) if window else 60 * _SECOND,
        retention=span(retention, 0 * _SECOND, _HOUR) if retention else timedelta(0),
        activation=(span(deadline, _SECOND, 24 * _HOUR) if deadline else _DEFAULT_DEADLINE) + _ACTIVATION_BUFFER,
    )


def _target(found: Mapping[str, Value], concurrency: int) -> float:
    total = float(concurrency or _DEFAULT_TARGET)
    if _TARGET in found:
        wanted = _number(found[_TARGET], 0.01, 10**6)
        total = min(wanted, concurrency) if concurrency else wanted
    share = _number(found[_UTILIZATION], 1, 100) if _UTILIZATION in found else _DEFAULT_UTILIZATION
    return max(0.01, total * share / 100)


def _scale(value: Value | None) -> int:
    if value is None:
        return 0
    if not re.fullmatch(r"\d{1,6}", value.text()):
        raise value.error("must be a whole number, 0 or more, quoted")
    return int(value.text())


def _number(value: Value, least: float, most: float) -> float:
    if not _NUMBER.fullmatch(value.text()) or not least <= float(value.text()) <= most:
        raise value.error(f"must be a number from {least:g} to {most:g}, quoted")
    return float(value.text())

"""When pods come and go: pkg/apis/autoscaling/annotation_validation.go, and what it cannot know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from local.lint.cluster import whole
from local.lint.finding import Fault, Place
from local.lint.pod import function_pod
from local.lint.thing import Thing
from local.lint.world import World
from local.lint.yaml_file import table
from local.manifests.durations import go

_DOMAIN: Final = "autoscaling.knative.dev/"
_DEADLINE: Final = "serving.knative.dev/progress-deadline"
_ROLLOUT: Final = "serving.knative.dev/rollout-duration"
_AT: Final[Place] = ("spec", "template", "metadata", "annotations")
_WHOLE: Final = {"min-scale": 0, "max-scale": 0, "initial-scale": 0, "activation-scale": 2}
"""The least of each."""
_NUMBERS: Final = {
    "target": (0.01, 1e6), "target-utilization-percentage": (1, 100), "target-burst-capacity": (-1, 1e6),
    "panic-window-percentage": (1, 100), "panic-threshold-percentage": (110, 1000),
}  # fmt: skip
_SPANS: Final = {
    "window": (6, 3600), "scale-to-zero-pod-retention-period": (0, 3600), "scale-down-delay": (0, 3600),
}  # fmt: skip
_WORDS: Final = {"class", "metric", "metric-aggregation-algorithm"}
_KNOWN: Final = {*_WHOLE, *_NUMBERS, *_SPANS, *_WORDS}


def places(thing: Thing, _: World) -> Iterator[Fault]:
    """How pods are scaled is said of the template; how traffic moves over, of the Service."""
    if not thing.is_function:
        return
    for key in thing.annotations:
        if str(key).startswith(_DOMAIN) or key == _DEADLINE:
            mend = "Put it under spec.template.metadata.annotations."
            yield Fault(("metadata", "annotations", key), f"Knative refuses {key} here.", mend)
    if _ROLLOUT in table(thing.get(*_AT)):
        mend = "Put it under metadata.annotations of the Service."
        yield Fault((*_AT, _ROLLOUT), f"{_ROLLOUT} has no effect on a template.", mend)


def values(thing: Thing, _: World) -> Iterator[Fault]:
    if not thing.is_function:
        return
    given = table(thing.get(*_AT))
    for key, value in given.items():
        if str(key).startswith(_DOMAIN):
            yield from _value(str(key).removeprefix(_DOMAIN), str(value), (*_AT, key))
    if _DEADLINE in given:
        yield from _span(str(given[_DEADLINE]), 1, 86400, (*_AT, _DEADLINE))
    if _ROLLOUT in thing.annotations:
        yield from _span(str(thing.annotations[_ROLLOUT]), 1, 86400, ("metadata", "annotations", _ROLLOUT))
    least, most = _scale(given, "min-scale"), _scale(given, "max-scale")
    if 0 < most < least:
        yield Fault((*_AT, _DOMAIN + "max-scale"), f"max-scale {most} is less than min-scale {least}.", "Raise it.")


def _value(name: str, value: str, at: Place) -> Iterator[Fault]:
    if name not in _KNOWN:
        near = get_close_matches(name, _KNOWN, n=1)
        mend = f"Did you mean {_DOMAIN}{near[0]}?" if near else f"Known: {', '.join(sorted(_KNOWN))}."
        yield Fault(at, f"the autoscaler knows no {name}, and would pass over it.", mend)
    elif name in _WHOLE and not (re.fullmatch(r"\d{1,9}", value) and int(value) >= _WHOLE[name]):
        yield Fault(at, f"{name}: {value!r} is not allowed.", f'A whole number in quotes, "{_WHOLE[name]}" or more.')
    elif name in _NUMBERS:
        least, most = _NUMBERS[name]
        if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not least <= float(value) <= most:
            yield Fault(at, f"{name}: {value!r} is not allowed.", f"A number in quotes, from {least:g} to {most:g}.")
    elif name in _SPANS:
        yield from _span(value, *_SPANS[name], at)


def _span(text: str, least: int, most: int, at: Place) -> Iterator[Fault]:
    found = go(text)
    if text == "0" and not least:
        return
    in_bounds = found is not None and timedelta(seconds=least) <= found <= timedelta(seconds=most)
    if found is None or not in_bounds or found % timedelta(seconds=1):
        mend = f"Whole seconds from {least}s to {most}s, like 60s or 1m30s."
        yield Fault(at, f"{at[-1]}: {text!r} is not allowed.", mend)


def initial_scale(thing: Thing, world: World) -> Iterator[Fault]:
    key = _DOMAIN + "initial-scale"
    if thing.is_function and str(table(thing.get(*_AT)).get(key)) == "0":
        if world.cluster.switch("config-autoscaler", "allow-zero-initial-scale"):
            return
        mend = 'Set allow-zero-initial-scale: "true" in config-autoscaler (knative/cluster-settings).'
        yield Fault((*_AT, key), "initial-scale 0 is refused on this cluster.", mend)


def gpus(thing: Thing, _: World) -> Iterator[Fault]:
    """A GPU is dear: no more than there are, no second one for one drawing, no queue behind a busy one."""
    pod = function_pod(thing)
    if pod is None or not pod.gpus:
        return
    given = table(thing.get(*_AT))
    if whole(pod.spec.get("containerConcurrency"), 0) != 1:
        mend = "Write containerConcurrency: 1."
        yield Fault((*pod.at, "containerConcurrency"), "one GPU would be given several requests at a time.", mend)
    if not _scale(given, "max-scale"):
        yield Fault(_AT, "without max-scale a crowd of events buys GPUs without end.", "Write how many there are.")
    if str(given.get(_DOMAIN + "target-utilization-percentage")) != "100":
        mend = f'Write {_DOMAIN}target-utilization-percentage: "100".'
        yield Fault(_AT, "at the default of 70 % one drawing starts two GPUs (resources/target.go).", mend)
    if str(given.get(_DOMAIN + "target-burst-capacity")) != "-1":
        mend = f'Write {_DOMAIN}target-burst-capacity: "-1".'
        yield Fault(_AT, "without the activator before it, ten requests queue behind a busy GPU.", mend)


def deadline(thing: Thing, world: World) -> Iterator[Fault]:
    """progress-deadline bounds each wake-up from zero, not only a rollout (kpa/scaler.go)."""
    pod = function_pod(thing)
    if pod is None:
        return
    given = table(thing.get(*_AT))
    text = str(
        given.get(_DEADLINE) or world.cluster.values["knative-serving", "config-deployment"]["progress-deadline"]
    )
    limit = (go(text) or timedelta()).total_seconds()
    for container in pod.containers:
        probe = table(container.data.get("startupProbe"))
        patience = whole(probe.get("periodSeconds"), 10) * whole(probe.get("failureThreshold"), 3) if probe else 0
        if patience >= limit > 0:
            what = f"a start may take {patience} s, but the autoscaler gives up after {text}."
            at = (*_AT, _DEADLINE) if _DEADLINE in given else (*container.at, "startupProbe")
            yield Fault(at, what, f"Raise {_DEADLINE}, or lower the probe's failureThreshold.")
        if container.gpus and not probe:
            mend = "Add a startupProbe that waits for them."
            yield Fault(container.at, "nothing waits for the weights to load; liveness would restart it.", mend)


def _scale(given: dict[str, Any], name: str) -> int:
    return whole(given.get(_DOMAIN + name), 0)

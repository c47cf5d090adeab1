"""Pods that are shut in, live long enough to finish, and answer while they work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from local.lint.cluster import whole
from local.lint.finding import Fault
from local.lint.pod import GPU, Container, Pod, function_pod, pods
from local.lint.thing import Thing, reach
from local.lint.world import World
from local.lint.yaml_file import listed, table

DRAIN: Final = 30
"""Seconds that Knative waits between the deletion of a pod and its SIGTERM (pkg/network/handlers/drain.go)."""
MARGIN: Final = 30
_SHUT_IN: Final = (
    (("allowPrivilegeEscalation",), False),
    (("readOnlyRootFilesystem",), True),
    (("runAsNonRoot",), True),
    (("capabilities", "drop"), ["ALL"]),
    (("seccompProfile", "type"), "RuntimeDefault"),
)
_INHERITED: Final = {("runAsNonRoot",), ("seccompProfile", "type")}
"""What a pod may say for all its containers."""
_IMAGE: Final = re.compile(
    r"[a-z0-9][a-z0-9._:/-]*?(?P<tag>:[A-Za-z0-9_][\w.-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?"
)


def hardening(thing: Thing, _: World) -> Iterator[Fault]:
    """Pod Security Standard "restricted", and a file system that cannot be written to."""
    for pod in pods(thing):
        if pod.spec.get("automountServiceAccountToken") is not False and "serviceAccountName" not in pod.spec:
            mend = "Write automountServiceAccountToken: false."
            yield Fault(pod.at, "the pod gets a token of the cluster that it does not need.", mend)
        for container in pod.containers:
            for path, wanted in _SHUT_IN:
                found = reach(container.data, ("securityContext", *path))
                if found is None and path in _INHERITED:
                    found = reach(pod.spec, ("securityContext", *path))
                if found != wanted:
                    name, text = ".".join(path), str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
                    what = f"container {container.data.get('name')} lacks securityContext.{name}: {text}."
                    yield Fault((*container.at, "securityContext", *path), what, f"Write {name}: {text}.")


def resources(thing: Thing, _: World) -> Iterator[Fault]:
    for pod in pods(thing):
        for container in pod.containers:
            given = table(container.data.get("resources"))
            at = (*container.at, "resources")
            for path in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
                if reach(given, path) is None:
                    name = container.data.get("name")
                    what = f"container {name} has no {'.'.join(path)}: it starves, or starves others."
                    yield Fault((*at, *path), what, "Write what it needs.")
            amount = str(reach(given, ("limits", GPU)) or "1")
            if not amount.isdecimal():
                yield Fault((*at, "limits", GPU), f"{amount!r} is no number of GPUs.", "A whole number.")
            if GPU in table(given.get("requests")) and GPU not in table(given.get("limits")):
                yield Fault((*at, "requests", GPU), "GPUs are given by limits only.", "Move it to limits.")


def images(thing: Thing, _: World) -> Iterator[Fault]:
    for pod in pods(thing):
        for container in pod.containers:
            image = str(container.data.get("image", ""))
            found = _IMAGE.fullmatch(image)
            at = (*container.at, "image")
            if not found:
                yield Fault(at, f"{image!r} is no image.", "name:tag, or name@sha256:digest.")
            elif not found["digest"] and found["tag"] in {None, ":latest"}:
                what = f"{image!r} means another image tomorrow."
                yield Fault(at, what, "Name a version, or best a digest.")


def probes(thing: Thing, _: World) -> Iterator[Fault]:
    """Readiness is asked by Knative's queue-proxy, the others by the kubelet."""
    pod = function_pod(thing)
    for container in pod.containers if pod else ():
        for name in ("readinessProbe", "livenessProbe"):
            if name not in container.data:
                yield Fault(container.at, f"has no {name}.", "Ask /readyz for readiness, /healthz for liveness.")
        ready = table(container.data.get("readinessProbe"))
        if not whole(ready.get("periodSeconds"), 0):
            for field in sorted({"timeoutSeconds", "failureThreshold"} & ready.keys()):
                what = f"readinessProbe.{field} is refused where periodSeconds is 0 or missing."
                yield Fault((*container.at, "readinessProbe", field), what, "Take it away, or give a period.")
        for name in ("livenessProbe", "startupProbe"):
            path = reach(container.data, (name, "httpGet", "path"))
            if path in ("/readyz", "/health/readiness"):
                what = f"{name} asks {path}: a job store that is away would restart every pod."
                yield Fault((*container.at, name, "httpGet", "path"), what, "Ask /healthz.")


def gunicorn(thing: Thing, world: World) -> Iterator[Fault]:
    """A request that is held ends in peace, and probes are answered meanwhile."""
    pod = function_pod(thing)
    for container in pod.containers if pod else ():
        if pod and "gunicorn" in listed(container.data.get("command")):
            limit = whole(pod.spec.get("timeoutSeconds"), 0)
            limit = limit or world.cluster.number("config-defaults", "revision-timeout-seconds")
            yield from _grace(container, limit)
            yield from _threads(pod, container)


def _grace(container: Container, timeout: int) -> Iterator[Fault]:
    at, text = container.option("graceful-timeout") or ((*container.at, "args"), "30")
    grace, most = whole(text, 0), timeout - DRAIN - MARGIN
    if grace > most:
        what = f"gunicorn's grace, {grace} s, and Knative's {DRAIN} s before it outlast the pod's, {timeout} s."
        yield Fault(at, what, f"Write --graceful-timeout={most}.")
    if container.gpus and grace < 60:
        what = f"gunicorn would kill a drawing {grace} s after SIGTERM, before it is put back."
        yield Fault(at, what, f"Write --graceful-timeout={most}.")
    if container.gpus and (container.option("timeout") or (None, ""))[1] != "0":
        what = "gunicorn takes a long drawing for a dead worker."
        yield Fault((container.option("timeout") or ((*container.at, "args"), ""))[0], what, "Write --timeout=0.")


def _threads(pod: Pod, container: Container) -> Iterator[Fault]:
    if container.option("worker-class"):
        return
    at, text = container.option("threads") or ((*container.at, "args"), "1")
    threads, requests = whole(text, 1), whole(pod.spec.get("containerConcurrency"), 0)
    if requests == 0 or threads < requests + 2:
        asked = requests or "any number of"
        what = f"{threads} threads for {asked} requests leave none for probes, and a busy pod is killed."
        yield Fault(at, what, "Two threads more than containerConcurrency, which must not be 0.")


def interruptions(thing: Thing, _: World) -> Iterator[Fault]:
    """A node is not tidied away under a drawing; a single replica does not hold up a drain for ever."""
    pod = function_pod(thing)
    if pod and pod.gpus:
        given = table(thing.get("spec", "template", "metadata", "annotations"))
        wanted = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
        for name, value in wanted.items():
            if given.get(name) != value:
                what = f"without {name} a node autoscaler may tidy away a GPU that draws."
                yield Fault(("spec", "template", "metadata", "annotations"), what, f'Write {name}: "{value}".')
    if thing.kind == "PodDisruptionBudget":
        spec = table(thing.data.get("spec"))
        if not table(table(spec.get("selector")).get("matchLabels")):
            yield Fault(("spec", "selector"), "selects every pod of the namespace.", "Name a label.")
        if spec.get("maxUnavailable") in (0, "0", "0%") or spec.get("minAvailable") == "100%":
            what = "lets no pod go: a node could never be drained."
            yield Fault(("spec",), what, "maxUnavailable: 1.")

"""What Serving's webhook asks of a revision, and where it is asked too little.

pkg/apis/serving/v1/revision_validation.go, revision_defaults.go; pkg/apis/serving/k8s_validation.go, fieldmask.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from local.lint.cluster import whole
from local.lint.finding import Fault, Place
from local.lint.pod import Container, Pod, function_pod
from local.lint.thing import Thing, reach
from local.lint.world import World
from local.lint.yaml_file import listed, table

_TEMPLATE: Final[Place] = ("spec", "template", "spec")
_POD_FLAGS: Final = {
    "nodeSelector": "nodeselector", "tolerations": "tolerations", "affinity": "affinity",
    "topologySpreadConstraints": "topologyspreadconstraints", "runtimeClassName": "runtimeclassname",
    "priorityClassName": "priorityclassname", "schedulerName": "schedulername", "dnsPolicy": "dnspolicy",
    "dnsConfig": "dnsconfig", "securityContext": "securitycontext", "initContainers": "init-containers",
    "hostAliases": "hostaliases", "hostIPC": "hostipc", "hostNetwork": "hostnetwork", "hostPID": "hostpid",
    "shareProcessNamespace": "shareprocessnamespace",
}  # fmt: skip
_VOLUME_FLAGS: Final = {
    "persistentVolumeClaim": "persistent-volume-claim", "hostPath": "volumes-hostpath", "csi": "volumes-csi",
    "image": "volumes-image", "ephemeral": "volumes-ephemeral", "emptyDir": "volumes-emptydir",
}  # fmt: skip
_UNFLAGGED_VOLUMES: Final = {"name", "configMap", "secret", "projected"}
_REFUSED: Final = ("lifecycle", "stdin", "stdinOnce", "tty", "volumeDevices", "resizePolicy", "restartPolicy")
# Tuples and not sets: what stands in a manifest may be a list, which no set can be asked for.
_RESERVED_PORTS: Final = (8008, 8012, 8013, 8022, 9090, 9091)
_RESERVED_ENV: Final = ("PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION")
_RESERVED_PATHS: Final = ("/", "/dev", "/dev/log")
_PORT_NAMES: Final = (None, "", "http1", "h2c")


def timeouts(thing: Thing, world: World) -> Iterator[Fault]:
    """The ceiling, and the two clocks that Knative sets where they are left out."""
    if not thing.is_function:
        return
    spec, cluster = table(thing.get(*_TEMPLATE)), world.cluster
    usual = cluster.number("config-defaults", "revision-timeout-seconds")
    timeout = whole(spec.get("timeoutSeconds"), 0) or usual
    ceiling = cluster.number("config-defaults", "max-revision-timeout-seconds")
    if timeout > ceiling:
        mend = "Stay below, or raise max-revision-timeout-seconds in config-defaults (knative/cluster-settings)."
        yield Fault((*_TEMPLATE, "timeoutSeconds"), f"timeoutSeconds {timeout} is above the ceiling, {ceiling}.", mend)
    if timeout > cluster.activator_grace:
        what = f"timeoutSeconds {timeout} is more than the activator's own grace, {cluster.activator_grace}."
        mend = "Raise the activator's terminationGracePeriodSeconds too (knative/cluster-settings)."
        yield Fault((*_TEMPLATE, "timeoutSeconds"), what, mend)
    yield from _first_byte(spec, timeout, usual)
    idle = whole(spec.get("idleTimeoutSeconds"), 0)
    if 0 < idle < timeout:
        what = f"idleTimeoutSeconds {idle} ends a request that is silent while it works."
        yield Fault((*_TEMPLATE, "idleTimeoutSeconds"), what, f"Write {timeout}, or 0.")


def _first_byte(spec: dict[str, Any], timeout: int, usual: int) -> Iterator[Fault]:
    """knative/serving#15352: left out, it becomes 300 s, and a request that has sent nothing yet ends then."""
    if "responseStartTimeoutSeconds" not in spec:
        if timeout > usual:
            what = f"without responseStartTimeoutSeconds Knative puts {usual}, and a silent request ends then."
            yield Fault((*_TEMPLATE, "timeoutSeconds"), what, f"Add responseStartTimeoutSeconds: {timeout}.")
        return
    start = whole(spec["responseStartTimeoutSeconds"], 0)
    if start and start != timeout:
        more = start > timeout
        what = f"responseStartTimeoutSeconds {start} is {'more' if more else 'less'} than timeoutSeconds, {timeout}."
        why = "Knative refuses it." if more else "A silent request ends then."
        yield Fault((*_TEMPLATE, "responseStartTimeoutSeconds"), f"{what} {why}", f"Write {timeout}.")


def features(thing: Thing, world: World) -> Iterator[Fault]:
    """Fields that the webhook refuses unless config-features lets them in."""
    pod = function_pod(thing)
    for at, flag in _flags(pod) if pod else ():
        if not world.cluster.feature(flag):
            mend = f'Set {flag}: "enabled" in config-features (knative/cluster-settings), or do without.'
            yield Fault(at, f"{at[-1]} needs the feature {flag}, which is off.", mend)


def _flags(pod: Pod) -> Iterator[tuple[Place, str]]:
    for field, flag in _POD_FLAGS.items():
        if pod.spec.get(field):
            yield (*pod.at, field), f"kubernetes.podspec-{flag}"
    for at, volume in pod.volumes:
        for kind in sorted(key for key in volume.keys() - _UNFLAGGED_VOLUMES if isinstance(key, str)):
            yield (*at, kind), f"kubernetes.podspec-{_VOLUME_FLAGS.get(kind, kind.lower())}"
        claim = table(volume.get("persistentVolumeClaim"))
        if claim and not claim.get("readOnly"):
            yield (*at, "persistentVolumeClaim"), "kubernetes.podspec-persistent-volume-write"
    containers = listed(pod.spec.get("containers"))
    if len(containers) > 1:
        yield (*pod.at, "containers", 1), "multi-container"
    for container in pod.containers:
        for at, entry in container.env:
            for kind in sorted(table(entry.get("valueFrom")).keys() & {"fieldRef", "resourceFieldRef"}):
                yield (*at, "valueFrom", kind), "kubernetes.podspec-fieldref"


def read_only_claims(thing: Thing, _: World) -> Iterator[Fault]:
    """A claim that is mounted read-only must be so in both places."""
    pod = function_pod(thing)
    if pod is None:
        return
    shut = [
        each.get("name") for _, each in pod.volumes if table(each.get("persistentVolumeClaim")).get("readOnly") is True
    ]
    for container in pod.containers:
        for at, mount in container.mounts:
            if mount.get("name") in shut and mount.get("readOnly") is not True:
                what = f"volume {mount.get('name')!r} is read-only, its mount is not; Knative refuses that."
                yield Fault(at, what, "Add readOnly: true to the mount.")


def reserved(thing: Thing, _: World) -> Iterator[Fault]:
    """Names, ports, paths and fields that belong to Knative."""
    pod = function_pod(thing)
    if pod is None:
        return
    if pod.spec.get("automountServiceAccountToken") is True:
        yield Fault((*pod.at, "automountServiceAccountToken"), "Knative allows only false.", "Write false.")
    for container in pod.containers:
        yield from _reserved_in(container)


def _reserved_in(container: Container) -> Iterator[Fault]:
    data, at = container.data, container.at
    if data.get("name") == "queue-proxy":
        yield Fault((*at, "name"), "queue-proxy is the name of Knative's own container.", "Take another.")
    for field in _REFUSED:
        if field in data:
            yield Fault((*at, field), f"Knative refuses {field}.", "Take it away.")
    for place, entry in container.env:
        if entry.get("name") in _RESERVED_ENV:
            yield Fault((*place, "name"), f"{entry['name']} is set by Knative itself.", "Take it away.")
    for place, mount in container.mounts:
        if mount.get("mountPath") in _RESERVED_PATHS or not str(mount.get("mountPath", "/x")).startswith("/"):
            yield Fault((*place, "mountPath"), f"Knative reserves {mount.get('mountPath')}.", "Mount it elsewhere.")
    if reach(data, ("resources", "claims")):
        yield Fault((*at, "resources", "claims"), "Knative refuses claims (DRA).", "Ask for nvidia.com/gpu.")
    yield from _ports(container)


def _ports(container: Container) -> Iterator[Fault]:
    ports = listed(container.data.get("ports"))
    place = (*container.at, "ports")
    if len(ports) > 1:
        yield Fault((*place, 1), "Knative routes to one port only.", "Keep one entry.")
    for index, port in enumerate(map(table, ports)):
        if port.get("containerPort") in _RESERVED_PORTS:
            what = f"port {port['containerPort']} is used by Knative itself."
            yield Fault((*place, index, "containerPort"), what, "Take another, like 8080.")
        if port.get("name") not in _PORT_NAMES:
            what = f"{port.get('name')!r} is no name for a port here."
            yield Fault((*place, index, "name"), what, "http1, h2c, or none.")


def traffic(thing: Thing, _: World) -> Iterator[Fault]:
    """All of it must go somewhere, and a percentage to a revision that is named."""
    targets = [table(each) for each in listed(thing.get("spec", "traffic"))] if thing.is_function else []
    if not targets:
        return
    total = sum(whole(each.get("percent"), 0) for each in targets)
    if total != 100:
        yield Fault(("spec", "traffic"), f"the percentages make {total}.", "Make them 100.")
    for index, each in enumerate(targets):
        if bool(each.get("revisionName")) == bool(each.get("latestRevision")):
            what = "must name a revision, or be the latest one."
            yield Fault(("spec", "traffic", index), what, "Write one of revisionName and latestRevision: true.")

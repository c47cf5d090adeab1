"""What is asked of every object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from local.lint.finding import Fault, Place
from local.lint.pod import pods
from local.lint.thing import Thing, reach
from local.lint.world import World
from local.lint.yaml_file import listed, table

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_CLUSTER_SCOPED: Final = {
    "Namespace", "PriorityClass", "RuntimeClass", "StorageClass", "ClusterRole", "ClusterRoleBinding",
    "ClusterDomainClaim", "PersistentVolume", "IngressClass",
}  # fmt: skip
_DOTTED: Final = {"DomainMapping", "ClusterDomainClaim", "EventType", "ConfigMap", "Secret"}


def name(thing: Thing, _: World) -> Iterator[Fault]:
    pattern = _SUBDOMAIN if thing.kind in _DOTTED else _LABEL
    if thing.name and not pattern.fullmatch(thing.name):
        what = f"{thing.name!r} is no name."
        yield Fault(("metadata", "name"), what, "Lower case letters, digits and dashes; 63 at most.")


def namespace(thing: Thing, _: World) -> Iterator[Fault]:
    if not thing.namespace and thing.kind not in _CLUSTER_SCOPED:
        mend = "Set namespace in its kustomization.yaml."
        yield Fault(("metadata",), "would land in whichever namespace the caller's kubectl is in.", mend)


def once(thing: Thing, world: World) -> Iterator[Fault]:
    def key(each: Thing) -> tuple[str, str, str, str]:
        return each.api.rpartition("/")[0], each.kind, each.namespace, each.name

    first = next(each for each in world.things if key(each) == key(thing))
    if first is not thing:
        file, line = first.place(("metadata", "name"))
        yield Fault(("metadata", "name"), f"stands at {file}:{line} already.", "Keep one of the two.")


def secret(thing: Thing, _: World) -> Iterator[Fault]:
    if thing.kind == "Secret":
        for field in ("data", "stringData"):
            if thing.data.get(field):
                yield Fault((field,), "a secret is written down.", "kubectl create secret, or External Secrets.")


def references(thing: Thing, world: World) -> Iterator[Fault]:
    """Of pods, to ConfigMaps, claims, volumes: a pod that names what is not there never starts."""
    for pod in pods(thing):
        for container in pod.containers:
            for at, entry in container.env:
                yield from _config_key(thing, world, at, entry)
        for at, volume in pod.volumes:
            claim = table(volume.get("persistentVolumeClaim")).get("claimName")
            if claim and not world.find("PersistentVolumeClaim", str(claim), thing.namespace):
                what = f"there is no PersistentVolumeClaim {claim!r} here."
                yield Fault((*at, "persistentVolumeClaim", "claimName"), what, "Add the component that brings it.")
        yield from _mounts(pod.volumes, [each for container in pod.containers for each in container.mounts], thing)


def _config_key(thing: Thing, world: World, at: Place, entry: dict[str, object]) -> Iterator[Fault]:
    ref = table(table(entry.get("valueFrom")).get("configMapKeyRef"))
    if not ref or ref.get("optional"):
        return
    place = (*at, "valueFrom", "configMapKeyRef")
    found = world.find("ConfigMap", str(ref.get("name")), thing.namespace, "v1")
    if found is None:
        yield Fault((*place, "name"), f"there is no ConfigMap {ref.get('name')!r} here.", "Name one that is applied.")
    elif ref.get("key") not in list(table(found.data.get("data"))):
        what = f"ConfigMap {found.name!r} has no key {ref.get('key')!r}."
        yield Fault((*place, "key"), what, "Add the key there, or the pod does not start.")


def _mounts(
    volumes: list[tuple[Place, dict[str, object]]], mounts: list[tuple[Place, dict[str, object]]], thing: Thing
) -> Iterator[Fault]:
    claims = [reach(each, ("metadata", "name")) for each in listed(thing.get("spec", "volumeClaimTemplates"))]
    offered = [each.get("name") for _, each in volumes] + claims
    mounted = [each.get("name") for _, each in mounts]
    for at, each in mounts:
        if each.get("name") not in offered:
            yield Fault((*at, "name"), f"there is no volume {each.get('name')!r}.", "Name one of the pod's volumes.")
    for at, each in volumes:
        if thing.is_function and each.get("name") not in mounted:
            yield Fault(at, f"volume {each.get('name')!r} is mounted nowhere; Knative refuses that.", "Take it away.")

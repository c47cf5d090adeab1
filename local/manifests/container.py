"""The one container of a Service's template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from local.manifests.nodes import Shape, Value
from local.manifests.scope import Scope
from local.objects import SecretKey

_GPU: Final = "nvidia.com/gpu"
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_RESERVED_ENV: Final = {"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"}
_RESERVED_PORTS: Final = {8008, 8012, 8013, 8022, 9090, 9091}
_RESERVED_PATHS: Final = {"/", "/dev", "/dev/log"}

_AMOUNTS: Final[Mapping[str, Shape]] = dict.fromkeys(("cpu", "memory", "ephemeral-storage"), Value.amount)
_NO_EFFECT: Final[Mapping[str, Shape]] = {
    "name": Value.text,
    "imagePullPolicy": Value.text,
    "securityContext": {
        "allowPrivilegeEscalation": Value.flag,
        "readOnlyRootFilesystem": Value.flag,
        "runAsNonRoot": Value.flag,
        "runAsUser": Value.whole,
        "runAsGroup": Value.whole,
        "capabilities": {"drop": [Value.text]},
        "seccompProfile": {"type": Value.text},
    },
}
_PROBE_NUMBERS: Final[Mapping[str, Shape]] = {
    "initialDelaySeconds": Value.whole,
    "periodSeconds": Value.whole,
    "timeoutSeconds": Value.whole,
    "successThreshold": Value.whole,
    "failureThreshold": Value.whole,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    command: Sequence[str]
    env: Mapping[str, str | SecretKey]
    port: int
    readiness_path: str
    gpus: int


def container(value: Value, volumes: Value | None, scope: Scope) -> Container:
    fields = value.fields(
        "image", "command", "args", "env", "ports", "readinessProbe", "livenessProbe", "startupProbe", "resources",
        "volumeMounts", no_effect=_NO_EFFECT,
    )  # fmt: skip
    fields.need("image").text()
    args, env, ports, resources = (fields.get(name) for name in ("args", "env", "ports", "resources"))
    port = _port(ports) if ports else 8080
    for name in ("livenessProbe", "startupProbe"):
        if other := fields.get(name):
            _probe(other, port)
    _mounts(fields.get("volumeMounts"), volumes)
    return Container(
        command=_command(fields.need("command"), args),
        env=_env(env, scope) if env else {},
        port=port,
        readiness_path=_readiness(fields.need("readinessProbe"), port),
        gpus=_gpus(resources) if resources else 0,
    )


def _command(command: Value, args: Value | None) -> list[str]:
    if not command.items():
        raise command.error("must not be empty: there is no image here whose entrypoint could stand in")
    return [item.text() for part in (command, args) if part for item in part.items()]


def _env(value: Value, scope: Scope) -> dict[str, str | SecretKey]:
    found: dict[str, str | SecretKey] = {}
    for item in value.items():
        fields = item.fields("name", "value", "valueFrom")
        name = fields.need("name")
        if not _VARIABLE.fullmatch(name.text()):
            raise name.error("must be upper case letters, digits and _")
        if name.text() in _RESERVED_ENV:
            raise name.error("is set by Knative itself")
        if name.text() in found:
            raise name.error(f"{name.text()!r} is set twice")
        plain = fields.get("value")
        if plain and fields.get("valueFrom"):
            raise item.error("has both value and valueFrom")
        found[name.text()] = plain.text() if plain else _reference(fields.need("valueFrom"), scope)
    return found


def _reference(value: Value, scope: Scope) -> SecretKey:
    fields = value.fields("configMapKeyRef", "secretKeyRef")
    if len(fields.values) != 1:
        raise value.error("must have one of configMapKeyRef and secretKeyRef")
    ((which, ref),) = fields.values.items()
    inner = ref.fields("name", "key")
    name, key = inner.need("name"), inner.need("key")
    if which == "configMapKeyRef":
        return SecretKey("ConfigMap", *scope.must_be_configured(name, key))
    return SecretKey("Secret", name.text(), key.text())


def _port(value: Value) -> int:
    items = value.items()
    if len(items) != 1:
        raise value.error("must be exactly one port")
    fields = items[0].fields("containerPort", no_effect={"name": _port_name})
    port = fields.need("containerPort")
    if port.whole(1, 65535) in _RESERVED_PORTS:
        raise port.error("is used by Knative itself")
    return port.whole()


def _port_name(value: Value) -> None:
    value.one_of("http1")  # h2c is not played


def _probe(value: Value, port: int) -> str:
    fields = value.fields("httpGet", no_effect=_PROBE_NUMBERS)
    get = fields.need("httpGet").fields("path", "port")
    path, other = get.need("path"), get.get("port")
    if not path.text().startswith("/"):
        raise path.error("must start with /")
    if other and other.whole(1, 65535) != port:
        raise other.error(f"must be the container's port, {port}")
    return path.text()


def _readiness(value: Value, port: int) -> str:
    numbers = value.table()
    period = numbers.get("periodSeconds")
    if period is None or period.whole() == 0:
        for name in ("timeoutSeconds", "failureThreshold"):
            if name in numbers:
                raise numbers[name].error("Knative refuses it where periodSeconds is 0 or missing")
    return _probe(value, port)


def _gpus(value: Value) -> int:
    limits = value.fields("limits", no_effect={"requests": _AMOUNTS}).get("limits")
    if limits is None:
        return 0
    gpus = limits.fields(_GPU, no_effect=_AMOUNTS).get(_GPU)
    if gpus is None:
        return 0
    if not gpus.amount().isdecimal():
        raise gpus.error("must be a whole number of GPUs")
    return int(gpus.amount())


def _mounts(mounts: Value | None, volumes: Value | None) -> None:
    """Volumes have no effect here, but a mount that does not fit them stops a cluster."""
    offered = {}
    for volume in volumes.items() if volumes else []:
        fields = volume.fields("name", "emptyDir")
        fields.need("emptyDir").fields(no_effect={"medium": Value.text, "sizeLimit": Value.amount})
        offered[fields.need("name").text()] = volume
    mounted = set()
    for mount in mounts.items() if mounts else []:
        fields = mount.fields("name", "mountPath", no_effect={"readOnly": Value.flag})
        name, path = fields.need("name"), fields.need("mountPath")
        if name.text() not in offered:
            raise name.error(f"there is no volume {name.text()!r}")
        if path.text() in _RESERVED_PATHS or not path.text().startswith("/"):
            raise path.error("must be an absolute path that Knative leaves free")
        mounted.add(name.text())
    for unused in offered.keys() - mounted:
        raise offered[unused].error("is mounted nowhere, which Knative refuses")

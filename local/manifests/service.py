"""A Knative Service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from local.manifests.autoscaling import DOMAIN, Autoscaling, autoscaling
from local.manifests.container import container
from local.manifests.metadata import metadata, read_labels
from local.manifests.nodes import Fields, Shape, Value
from local.manifests.scope import Scope
from local.objects import Service

_VISIBILITY: Final = "networking.knative.dev/visibility"
_DEFAULT_TIMEOUT: Final = 300
"""config-defaults: revision-timeout-seconds and revision-response-start-timeout-seconds."""
_CEILING: Final = 600
"""config-defaults: max-revision-timeout-seconds."""
_TYPED: Final[Mapping[str, Shape]] = {"apiVersion": Value.text, "kind": Value.text}


def _never(value: Value) -> None:
    if value.flag():
        raise value.error("Knative allows only false")


_POD_NO_EFFECT: Final[Mapping[str, Shape]] = {"automountServiceAccountToken": _never, "enableServiceLinks": Value.flag}


def service(document: Value, scope: Scope) -> Service:
    fields = document.fields("metadata", "spec", no_effect=_TYPED)
    head = fields.need("metadata")
    _nothing_misplaced(head)
    about = metadata(head, scope.namespace, labels={_VISIBILITY})
    if _VISIBILITY in about.labels:
        about.labels[_VISIBILITY].one_of("cluster-local")
    template = fields.need("spec").fields("template").need("template").fields("metadata", "spec")
    pod = template.need("spec").fields(
        "containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds", "containers",
        "volumes", no_effect=_POD_NO_EFFECT,
    )  # fmt: skip
    concurrency = pod.get("containerConcurrency")
    limit = concurrency.whole(0, 1000) if concurrency else 0
    timeout = _timeout(pod, scope)
    scale = _scale(template.get("metadata"), limit)
    inside = container(_only(pod.need("containers")), pod.get("volumes"), scope)
    return Service(
        namespace=scope.namespace,
        name=about.name,
        command=inside.command,
        env=inside.env,
        port=inside.port,
        readiness_path=inside.readiness_path,
        public=_VISIBILITY not in about.labels,
        container_concurrency=limit,
        timeout=timedelta(seconds=timeout),
        response_start_timeout=timedelta(seconds=_response_start(pod, timeout)),
        min_scale=scale.min_scale,
        max_scale=scale.max_scale,
        target=scale.target,
        window=scale.window,
        retention=scale.retention,
        activation=scale.activation,
        gpus=inside.gpus,
    )


def _nothing_misplaced(head: Value) -> None:
    annotations = head.table().get("annotations")
    for name, key in annotations.names().items() if annotations else ():
        if name.startswith(DOMAIN):
            raise key.error("must be put under spec.template.metadata.annotations")


def _scale(head: Value | None, concurrency: int) -> Autoscaling:
    if head is None:
        return autoscaling(None, concurrency)
    fields = head.fields("annotations", "labels")
    read_labels(fields.get("labels"), set())
    return autoscaling(fields.get("annotations"), concurrency)


def _only(containers: Value) -> Value:
    items = containers.items()
    if len(items) != 1:
        raise containers.error("must be exactly one container")
    return items[0]


def _timeout(pod: Fields, scope: Scope) -> int:
    value = pod.get("timeoutSeconds")
    seconds = (value.whole() if value else 0) or _DEFAULT_TIMEOUT
    ceiling = _ceiling(scope)
    if value and seconds > ceiling:
        raise value.error(f"is above {ceiling}: more needs max-revision-timeout-seconds in ConfigMap config-defaults")
    idle = pod.get("idleTimeoutSeconds")
    if idle and idle.whole() not in {0, seconds}:
        raise idle.error(f"must be 0 or timeoutSeconds, {seconds}: a shorter one is not played on one machine")
    return seconds


def _ceiling(scope: Scope) -> int:
    text = scope.config.get(("config-defaults", "max-revision-timeout-seconds"), "")
    return int(text) if text.isdecimal() else _CEILING


def _response_start(pod: Fields, timeout: int) -> int:
    value = pod.get("responseStartTimeoutSeconds")
    if value is None:
        if timeout > _DEFAULT_TIMEOUT:
            raise pod.owner.error(
                f"lacks 'responseStartTimeoutSeconds': Knative would put {_DEFAULT_TIMEOUT},"
                f" and end a silent request before timeoutSeconds, {timeout}"
            )
        return timeout
    return value.whole(0, timeout) or timeout

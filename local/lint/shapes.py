"""Which fields an object may have, in the words of Kubernetes' own Python client: `str`, `list[V1Probe]`, a name.

Kubernetes' kinds are that client's models, which are made from its OpenAPI. Knative's are written here as far as we
use them, from the CRDs of Serving and Eventing 1.23, so that a misspelt field is found without those CRDs too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final

from kubernetes import client
from kubernetes.client import models

_POD_FIELDS: Final = (
    "affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy", "enableServiceLinks",
    "hostAliases", "hostIPC", "hostNetwork", "hostPID", "imagePullSecrets", "initContainers", "nodeSelector",
    "priorityClassName", "runtimeClassName", "schedulerName", "securityContext", "serviceAccountName",
    "shareProcessNamespace", "tolerations", "topologySpreadConstraints", "volumes",
)  # fmt: skip
_TOP: Final = {"apiVersion": "str", "kind": "str", "metadata": "V1ObjectMeta"}
KNATIVE: Final[Mapping[str, Mapping[str, str]]] = {
    "serving.knative.dev/v1 Service": {**_TOP, "spec": "ServiceSpec"},
    "serving.knative.dev/v1beta1 DomainMapping": {**_TOP, "spec": "DomainMappingSpec"},
    "networking.internal.knative.dev/v1alpha1 ClusterDomainClaim": {**_TOP, "spec": "ClaimSpec"},
    "eventing.knative.dev/v1 Broker": {**_TOP, "spec": "BrokerSpec"},
    "eventing.knative.dev/v1 Trigger": {**_TOP, "spec": "TriggerSpec"},
    "eventing.knative.dev/v1beta3 EventType": {**_TOP, "spec": "EventTypeSpec"},
    "eventing.knative.dev/v1alpha1 EventPolicy": {**_TOP, "spec": "object"},
    "eventing.knative.dev/v1alpha1 RabbitmqBrokerConfig": {**_TOP, "spec": "RabbitSpec"},
    "sources.knative.dev/v1 PingSource": {**_TOP, "spec": "PingSpec"},
    "sources.knative.dev/v1 SinkBinding": {**_TOP, "spec": "object"},
    "ServiceSpec": {"template": "RevisionTemplate", "traffic": "list[TrafficTarget]"},
    "RevisionTemplate": {"metadata": "V1ObjectMeta", "spec": "RevisionSpec"},
    "RevisionSpec": {
        "containerConcurrency": "int",
        "timeoutSeconds": "int",
        "responseStartTimeoutSeconds": "int",
        "idleTimeoutSeconds": "int",
    },
    "TrafficTarget": {
        "configurationName": "str", "latestRevision": "bool", "percent": "int", "revisionName": "str", "tag": "str",
    },
    "Reference": dict.fromkeys(("apiVersion", "group", "kind", "name", "namespace", "address"), "str"),
    "DomainMappingSpec": {"ref": "Reference", "tls": "TlsSpec"},
    "TlsSpec": {"secretName": "str"},
    "ClaimSpec": {"namespace": "str"},
    "Destination": {"ref": "Reference", "uri": "str", "CACerts": "str", "audience": "str"},
    "Delivery": {
        "retry": "int", "backoffPolicy": "str", "backoffDelay": "str", "timeout": "str", "retryAfterMax": "str",
        "format": "str", "deadLetterSink": "Destination",
    },
    "BrokerSpec": {"config": "Reference", "delivery": "Delivery"},
    "TriggerSpec": {
        "broker": "str", "brokerRef": "Reference", "filter": "Filter", "filters": "list[object]",
        "subscriber": "Destination", "delivery": "Delivery",
    },
    "Filter": {"attributes": "dict[str, str]"},
    "EventTypeSpec": {
        "reference": "Reference", "description": "str", "attributes": "list[EventAttribute]", "variables": "object",
    },
    "EventAttribute": {"name": "str", "required": "bool", "value": "str"},
    "RabbitSpec": {"rabbitmqClusterReference": "RabbitCluster", "queueType": "str", "vhost": "str"},
    "RabbitCluster": {"name": "str", "namespace": "str", "connectionSecret": "Reference"},
    "PingSpec": {
        "schedule": "str", "timezone": "str", "contentType": "str", "data": "str", "dataBase64": "str",
        "sink": "Destination", "ceOverrides": "object",
    },
}  # fmt: skip
_VERSIONED: Final = re.compile(r"(?:(?P<group>[a-z0-9.-]+)/)?(?P<version>v\d+(?:(?:alpha|beta)\d+)?)")
_KNATIVE_GROUPS: Final = {name.partition("/")[0] for name in KNATIVE if "/" in name}
_OWN: Final = {"", "apps", "batch", "autoscaling", "policy", *_KNATIVE_GROUPS}
"""Groups whose kinds are known here, beside those that end in .k8s.io."""
_SUBSET: Final = {"RevisionSpec": "V1PodSpec"}


def shape_of(api: str, kind: str) -> str | None:
    """The name of an object's shape; None where no such kind is known, `object` where it is another project's."""
    if (name := f"{api} {kind}") in KNATIVE:
        return name
    found = _VERSIONED.fullmatch(api)
    if not found:
        return None
    group = found["group"] or ""
    if group in _OWN or group.endswith(".k8s.io"):
        return _model(group, found["version"], kind)
    return None if get_close_matches(group, _OWN, n=1, cutoff=0.8) else "object"


def _model(group: str, version: str, kind: str) -> str | None:
    """The client's model, if one of its APIs makes such an object: AppsV1Api.create_namespaced_stateful_set."""
    words = (group.removesuffix(".k8s.io") or "core").split(".")
    routes = getattr(client, f"{''.join(map(str.capitalize, words))}{version.capitalize()}Api", None)
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    is_made = any(hasattr(routes, f"create_{scope}{word}") for scope in ("namespaced_", ""))
    return version.capitalize() + kind if is_made else None


def fields_of(shape: str) -> Mapping[str, str] | None:
    """The fields of a shape and their shapes; None where it has none to check."""
    if shape in KNATIVE:
        return {**KNATIVE[shape], **_pod_fields(shape)}
    model: Any = getattr(models, shape, None)
    if model is None:
        return None
    return {model.attribute_map[name]: of for name, of in model.openapi_types.items()}


def lacking(shape: str, there: Collection[str]) -> str | None:
    """A field that a Kubernetes object cannot be without, and which is not there: its model's constructor refuses."""
    model: Any = getattr(models, shape, None)
    if model is None:
        return None
    try:
        model(**{name: "" for name, written in model.attribute_map.items() if written in there})
    except ValueError as error:
        name = str(error).partition("`")[2].partition("`")[0]
        return str(model.attribute_map[name]) if "must not be `None`" in str(error) else None
    return None


def _pod_fields(shape: str) -> Mapping[str, str]:
    if shape not in _SUBSET:
        return {}
    every = fields_of(_SUBSET[shape]) or {}
    return {name: every[name] for name in _POD_FIELDS}

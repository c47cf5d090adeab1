"""How a cluster is set: as Knative 1.23 is installed, or as an administrator was asked to set it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from local.lint.thing import EVENTING, SERVING, Thing
from local.lint.yaml_file import table

NEEDS: Final = "flipbook.dev/cluster-settings"
"""The annotation by which a kustomization says that it needs an administrator: `required`."""

_POD: Final = "kubernetes.podspec-"
FEATURES: Final[Mapping[str, str]] = {
    **{
        _POD + name: "disabled"
        for name in (
            "affinity", "dnsconfig", "dnspolicy", "fieldref", "hostaliases", "hostipc", "hostnetwork", "hostpid",
            "init-containers", "nodeselector", "persistent-volume-claim", "persistent-volume-write",
            "priorityclassname", "runtimeclassname", "schedulername", "securitycontext", "shareprocessnamespace",
            "tolerations", "topologyspreadconstraints", "volumes-csi", "volumes-ephemeral", "volumes-hostpath",
            "volumes-image",
        )
    },
    _POD + "volumes-emptydir": "enabled",
    "multi-container": "enabled",
    "multi-container-probing": "disabled",
    "secure-pod-defaults": "disabled",
    "tag-header-based-routing": "disabled",
}  # fmt: skip
"""config-features of Serving: pkg/apis/config/features.go."""
_NETWORK: Final = {
    "external-domain-tls": "Disabled", "http-protocol": "Enabled", "certificate-class": "", "rollout-duration": "0",
    "autocreate-cluster-domain-claims": "false", "ingress-class": "kourier.ingress.networking.knative.dev",
}  # fmt: skip
DEFAULTS: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    (SERVING, "config-features"): FEATURES,
    (SERVING, "config-defaults"): {
        "revision-timeout-seconds": "300",
        "max-revision-timeout-seconds": "600",
        "revision-response-start-timeout-seconds": "300",
        "revision-idle-timeout-seconds": "0",
    },
    (SERVING, "config-autoscaler"): {
        "allow-zero-initial-scale": "false",
        "container-concurrency-target-percentage": "70",
        "scale-to-zero-grace-period": "30s",
    },
    (SERVING, "config-deployment"): {"pod-is-always-schedulable": "false", "progress-deadline": "600s"},
    (SERVING, "config-network"): _NETWORK,
    (SERVING, "config-certmanager"): {"issuerRef": "", "clusterLocalIssuerRef": "", "systemInternalIssuerRef": ""},
    (EVENTING, "config-features"): {
        "authentication-oidc": "disabled",
        "delivery-retryafter": "disabled",
        "delivery-timeout": "enabled",
        "transport-encryption": "disabled",
    },
}
"""The keys that matter here, as the releases bring them."""
_ACTIVATOR_GRACE: Final = 600
"""terminationGracePeriodSeconds in config/core/deployments/activator.yaml."""


@dataclass(frozen=True, slots=True)
class Cluster:
    values: Mapping[tuple[str, str], Mapping[str, str]]
    activator_grace: int = _ACTIVATOR_GRACE

    @classmethod
    def as_installed(cls) -> Self:
        return cls(DEFAULTS)

    def with_settings(self, things: Iterable[Thing]) -> Cluster:
        """What an administrator sets, laid over this."""
        values: dict[tuple[str, str], Mapping[str, str]] = dict(self.values)
        grace = self.activator_grace
        for thing in things:
            key = (thing.namespace, thing.name)
            if thing.kind == "ConfigMap" and key in values:
                values[key] = {**values[key], **{name: str(value) for name, value in _data(thing).items()}}
            if (thing.kind, thing.name) == ("Deployment", "activator"):
                grace = whole(thing.get("spec", "template", "spec", "terminationGracePeriodSeconds"), grace)
        return Cluster(values, grace)

    def feature(self, name: str, of: str = SERVING) -> bool:
        return self.values[of, "config-features"].get(name, "").lower() in {"enabled", "allowed"}

    def number(self, config: str, key: str) -> int:
        default = int(DEFAULTS[SERVING, config][key])
        return whole(self.values[SERVING, config].get(key), default)

    def switch(self, config: str, key: str) -> bool:
        return self.values[SERVING, config].get(key, "").lower() == "true"


def whole(value: Any, default: int) -> int:
    """A whole number, written as one or as text."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return default
    return int(value) if str(value).isdecimal() else default


def _data(thing: Thing) -> dict[str, Any]:
    return table(thing.data.get("data"))

"""What the functions themselves ask of the manifests: their settings, and numbers that two objects must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final
from urllib.parse import urlsplit

from local.lint.cluster import DEFAULTS, whole
from local.lint.finding import Fault
from local.lint.pod import Container, function_pod
from local.lint.rules.eventing import CLASS, IN_MEMORY, KAFKA, RABBIT
from local.lint.thing import SERVING, Thing
from local.lint.world import World
from local.lint.yaml_file import listed, table
from shared.core import events
from shared.core.catalog import CATALOG, Model
from shared.core.work import Work, architecture
from shared.settings import Settings

VARIABLES: Final = frozenset(field.metadata["variable"] for field in fields(Settings))
CONFIG: Final = "flipbook"
_LIBRARIES: Final = ("AWS_", "OTEL_", "HF_", "NVIDIA_", "CUDA_", "TORCH", "PYTORCH_", "OMP_", "SSL_")
"""Beginnings of names that other people's code reads."""
_INGRESSES: Final = {
    IN_MEMORY: "broker-ingress.knative-eventing.svc.cluster.local/{namespace}/{name}",
    KAFKA[0]: "kafka-broker-ingress.knative-eventing.svc.cluster.local/{namespace}/{name}",
    KAFKA[1]: "kafka-broker-ingress.{namespace}.svc.cluster.local/{namespace}/{name}",
    RABBIT: "{name}-broker-ingress.{namespace}.svc.cluster.local",
}
"""Where each class of Broker listens."""


def variables(thing: Thing, _: World) -> Iterator[Fault]:
    """Each is a setting, named once."""
    pod = function_pod(thing)
    for container in pod.containers if pod else ():
        seen: set[str] = set()
        for at, entry in container.env:
            name = str(entry.get("name"))
            if name in seen:
                yield Fault((*at, "name"), f"{name} is set twice.", "Keep one.")
            seen.add(name)
            ours = any("functions." in str(each) for each in listed(container.data.get("args")))
            if ours and name not in VARIABLES and not name.startswith(_LIBRARIES):
                yield Fault((*at, "name"), f"{name} is no setting.", "docs/settings.md lists them.")


def request_limit(thing: Thing, world: World) -> Iterator[Fault]:
    """A function must know how long its requests live."""
    pod = function_pod(thing)
    for container in pod.containers if pod else ():
        found = container.variable("REQUEST_TIMEOUT_SECONDS")
        usual = world.cluster.number("config-defaults", "revision-timeout-seconds")
        timeout = whole(pod.spec.get("timeoutSeconds"), 0) or usual if pod else usual
        told = world.value(found[1], thing.namespace) if found else None
        if found and told is not None and whole(told, 0) != timeout:
            what = f"the function is told {told} s, Knative ends its requests after {timeout} s."
            yield Fault((*found[0], "value"), what, f'Write "{timeout}".')


def longest_run(thing: Thing, world: World) -> Iterator[Fault]:
    """What a slice of a drawing cannot be cut into must fit into a request."""
    pod = function_pod(thing)
    if pod is None or not pod.gpus:
        return
    timeout = whole(pod.spec.get("timeoutSeconds"), 0) or 300
    for container in pod.containers:
        at = (*pod.at, "timeoutSeconds")
        for model in _models(container, thing, world):
            least = _undivided_s(model)
            if least > timeout * 0.9:
                what = f"a step and the decoding of the longest {model.id} take {least:.0f} s, a request {timeout} s."
                yield Fault(at, what, f"At least {least / 0.9:.0f}, or offer another model.")
        checkpoint = container.variable("CHECKPOINT_SECONDS")
        every = world.value(checkpoint[1], thing.namespace) if checkpoint else None
        if checkpoint and whole(every, 0) * 2 > timeout:
            what = (
                f"a checkpoint every {every} s is less than two in a request of {timeout} s: a long video starts over."
            )
            yield Fault(checkpoint[0], what, f"At most {timeout // 2}.")


def _models(container: Container, thing: Thing, world: World) -> Iterator[Model]:
    found = container.variable("MODELS")
    names = (world.value(found[1], thing.namespace) or "") if found else ""
    return (CATALOG[name] for name in names.replace(",", " ").split() if name in CATALOG)


def _undivided_s(model: Model) -> float:
    """One step of the longest video, and all that follows the last step."""
    work = Work(
        model=model.id, width=model.max_width, height=model.max_height, num_frames=model.max_frames, steps=1, passes=2
    )
    return architecture(model.id).seconds(work)


def bells(thing: Thing, world: World) -> Iterator[Fault]:
    """As many bells may ring as there can be GPUs (docs/decisions/0009)."""
    limit = table(thing.data.get("data")).get("WAKE_LIMIT")
    if thing.kind != "ConfigMap" or thing.name != CONFIG or limit is None:
        return
    rung = {
        found.name: found
        for trigger in world.every("Trigger")
        if events.BELL in table(table(trigger.spec.get("filter")).get("attributes"))
        and (found := world.function(table(trigger.spec.get("subscriber")).get("ref"), trigger.namespace))
    }
    annotations = [table(each.get("spec", "template", "metadata", "annotations")) for each in rung.values()]
    most = sum(whole(each.get("autoscaling.knative.dev/max-scale"), 0) for each in annotations)
    if rung and whole(limit, -1) != most:
        what = f"WAKE_LIMIT is {limit}, but {' and '.join(sorted(rung))} may have {most} pods."
        yield Fault(("data", "WAKE_LIMIT"), what, f'Write "{most}".')


def broker_address(thing: Thing, world: World) -> Iterator[Fault]:
    """K_SINK is the address of a Broker that is there; each class listens elsewhere."""
    sink = table(thing.data.get("data")).get("K_SINK")
    if thing.kind != "ConfigMap" or thing.name != CONFIG or not sink:
        return
    url = urlsplit(str(sink))
    here = [each for each in world.every("Broker") if each.namespace == thing.namespace]
    wanted = [
        pattern.format(namespace=each.namespace, name=each.name)
        for each in here
        if (pattern := _INGRESSES.get(str(each.annotations.get(CLASS))))
    ]
    if wanted and f"{url.netloc}{url.path}".rstrip("/") not in wanted:
        mend = f"Write http://{wanted[0]}."
        yield Fault(("data", "K_SINK"), "is not where the Broker of this class listens.", mend)


def config_values(thing: Thing, _: World) -> Iterator[Fault]:
    """Of ConfigMap flipbook: names of settings, and values that they take."""
    if thing.kind != "ConfigMap" or thing.name != CONFIG:
        return
    data = table(thing.data.get("data"))
    for name in data:
        if name not in VARIABLES and not str(name).startswith(_LIBRARIES):
            yield Fault(("data", str(name)), f"{name} is no setting.", "docs/settings.md lists them.")
    for field in fields(Settings):
        name = field.metadata["variable"]
        if isinstance(value := data.get(name), str) and value:
            try:
                field.metadata["read"](value)
            except ValueError as error:
                yield Fault(("data", name), f"{name}: {error}.", "docs/settings.md says what it may be.")
    lease, beat = whole(data.get("LEASE_SECONDS"), 60), whole(data.get("HEARTBEAT_SECONDS"), 4)
    if lease < 3 * beat:
        what = f"a lease of {lease} s does not survive two lost heartbeats of {beat} s."
        yield Fault(("data", "HEARTBEAT_SECONDS"), what, f"At most {lease // 3}.")


def public_names(thing: Thing, world: World) -> Iterator[Fault]:
    """A domain opens what it is mapped to, cluster-local or not (docs: services/custom-domains)."""
    label = "networking.knative.dev/visibility"
    if thing.is_function:
        value = table(thing.head.get("labels")).get(label)
        if value not in (None, "cluster-local"):
            yield Fault(("metadata", "labels", label), f"{value!r} is not allowed.", "cluster-local, or no label.")
        if value is None and thing.name != "submit":
            mend = f"Label it {label}: cluster-local."
            yield Fault(("metadata",), "is open to the world, and asks nobody for a key.", mend)
    if thing.kind == "DomainMapping":
        found = world.function(thing.spec.get("ref"), thing.namespace)
        if found is None:
            yield Fault(("spec", "ref"), "leads to no function.", "Name submit.")
        elif label in table(found.head.get("labels")):
            what = f"makes {found.name} public, which is cluster-local."
            yield Fault(("spec", "ref", "name"), what, "Map submit only.")


def issuers(thing: Thing, world: World) -> Iterator[Fault]:
    """Certificates for public names are signed by whom config-certmanager names, else by Knative (cert_manager.go)."""
    key = "external-domain-tls"
    on = str(table(thing.data.get("data")).get(key, "")).lower() == "enabled"
    if (thing.kind, thing.name, thing.namespace) == ("ConfigMap", "config-network", SERVING) and on:
        certmanager = world.find("ConfigMap", "config-certmanager", SERVING)
        if not (certmanager and table(certmanager.data.get("data")).get("issuerRef")):
            what = "knative-selfsigned-issuer would sign the certificates of public names, and nobody believes it."
            yield Fault(("data", key), what, "Name a ClusterIssuer of yours as issuerRef in config-certmanager.")


def cluster_settings(thing: Thing, _: World) -> Iterator[Fault]:
    """Keys of Knative's own ConfigMaps: one that is misspelt has no effect, and nobody says so."""
    known = DEFAULTS.get((thing.namespace, thing.name))
    if thing.kind != "ConfigMap" or known is None:
        return
    for name, value in table(thing.data.get("data")).items():
        at = ("data", str(name))
        if name not in known:
            what = f"{name} is no key of {thing.name}, or none that matters here."
            yield Fault(at, what, f"One of {', '.join(sorted(known))}.")
        elif known[name] in {"enabled", "disabled"} and str(value).lower() not in {"enabled", "disabled", "allowed"}:
            yield Fault(at, f"{name}: {value!r} is no state of a feature.", "enabled, allowed or disabled.")
        elif known[name].isdecimal() and not str(value).isdecimal() and thing.namespace == SERVING:
            yield Fault(at, f"{name}: {value!r} is no number.", "A whole number in quotes.")

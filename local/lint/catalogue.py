"""Every rule by name, with the reason for it. `python -m local lint --rules` prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from local.lint import schema
from local.lint.finding import Fault
from local.lint.rules import containers, eventing, objects, platform, revision, scaling
from local.lint.thing import Thing
from local.lint.world import World


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    why: str
    check: Callable[[Thing, World], Iterator[Fault]]


READING: Final = {
    "missing": "a file that is named must be there",
    "yaml": "a file must be YAML in UTF-8",
    "twice": "of two equal names in a mapping YAML takes the last, and nobody meant that",
    "kustomization": "kustomize must understand it, and all that it names must be there",
    "kustomize": "kubectl must be able to build it",
    "crd": "each object must fit the CRDs of Knative's releases, where they are given (--crds)",
}
"""What is found before any object is looked at, or beside the rules."""

RULES: Final = (
    Rule("kind", "an object needs a kind that a cluster with Knative 1.23 knows", schema.known_kind),
    Rule("field", "a misspelt field is dropped or refused; a wrong type or unit is refused", schema.fields),
    Rule("name", "names are DNS labels", objects.name),
    Rule("namespace", "all lands in one namespace, whoever applies it", objects.namespace),
    Rule("once", "of two objects of one name the later wins", objects.once),
    Rule("secret", "no secret is written down", objects.secret),
    Rule("reference", "a pod that names what is not there never starts", objects.references),
    Rule("timeout", "timeoutSeconds above its ceiling is refused; a silent request must not die before it",
         revision.timeouts),
    Rule("feature", "pods have fields that Knative refuses without a feature flag", revision.features),
    Rule("read-only", "a read-only claim must be mounted read-only", revision.read_only_claims),
    Rule("reserved", "some ports, names, paths and fields are Knative's own", revision.reserved),
    Rule("traffic", "traffic must make 100, and lead to revisions", revision.traffic),
    Rule("annotation-place", "Knative refuses scaling annotations on a Service, and rollout ones do nothing elsewhere",
         scaling.places),
    Rule("scaling", "an unknown scaling annotation is passed over, a wrong value is refused", scaling.values),
    Rule("initial-scale", "a start from zero pods needs a switch of the cluster", scaling.initial_scale),
    Rule("gpu", "one drawing is one pod is one GPU, and none waits behind a busy one", scaling.gpus),
    Rule("deadline", "the autoscaler must not give up while weights load", scaling.deadline),
    Rule("hardening", "pods run as nobody, on a file system that is read-only", containers.hardening),
    Rule("resources", "each container says what it needs", containers.resources),
    Rule("image", "an image is named by version or digest", containers.images),
    Rule("probe", "probes exist, are accepted, and restart no pod because a store is away", containers.probes),
    Rule("grace", "a held request ends in peace, and probes are answered meanwhile", containers.gunicorn),
    Rule("interruption", "no node goes under a drawing, and any node can be drained", containers.interruptions),
    Rule("broker", "Broker classes differ in what they promise", eventing.broker),
    Rule("filter", "a filter must mean the same to every class of Broker", eventing.filters),
    Rule("subscriber", "an event must lead somewhere", eventing.subscribers),
    Rule("delivery", "delivery is spelled out, and waits longer than a request may take", eventing.delivery),
    Rule("parallelism", "a Broker must be able to wake every GPU", eventing.parallel),
    Rule("schedule", "a clock needs a schedule, and data of its type", eventing.clock),
    Rule("sink-binding", "a SinkBinding rewrites what was applied", eventing.binding),
    Rule("variable", "each variable is a setting, and set once", platform.variables),
    Rule("request-limit", "a function knows how long its requests live", platform.request_limit),
    Rule("longest-run", "what cannot be cut must fit into a request", platform.longest_run),
    Rule("bells", "as many bells may ring as there can be GPUs", platform.bells),
    Rule("broker-address", "each class of Broker listens elsewhere", platform.broker_address),
    Rule("setting", "a setting has a value that the functions take", platform.config_values),
    Rule("public", "only submit is open to the world", platform.public_names),
    Rule("issuer", "certificates that Knative signs itself are believed by nobody", platform.issuers),
    Rule("cluster-setting", "a misspelt key of Knative's ConfigMaps has no effect", platform.cluster_settings),
)  # fmt: skip

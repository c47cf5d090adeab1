"""Who may speak to a pod of the namespace, as component network-policies has it."""

from pathlib import Path

import pytest

from local.lint.yaml_file import documents

FILE = Path(__file__).parents[2] / "knative" / "components" / "network-policies" / "ingress.yaml"
POLICIES = [each.data["spec"] for each in documents(FILE)]
NAME = "kubernetes.io/metadata.name"
SUBMIT = {"serving.knative.dev/service": "submit"}
SOLVER = {"acme.cert-manager.io/http01-solver": "true"}
"""cert-manager's pod for HTTP-01 (SolverIdentificationLabelKey), which listens on 8089."""


def fits(selector, labels):
    """As Kubernetes compares a label selector; an empty one fits all."""
    operators = {"Exists": lambda each: True, "In": lambda each: labels[each["key"]] in each["values"]}
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        each["key"] in labels and operators[each["operator"]](each) for each in selector.get("matchExpressions", [])
    )


def comes_in(pod, port, *, namespace="flipbook", labels=None):
    """Whether a pod with `labels` in `namespace` reaches `port` of a pod with the labels `pod`."""
    chosen = [each for each in POLICIES if "Ingress" in each["policyTypes"] and fits(each["podSelector"], pod)]

    def is_from(peer):
        if "namespaceSelector" in peer:
            return fits(peer["namespaceSelector"], {NAME: namespace})
        return namespace == "flipbook" and fits(peer["podSelector"], labels or {})

    return not chosen or any(
        port in [each["port"] for each in rule["ports"]] and any(is_from(peer) for peer in rule["from"])
        for policy in chosen
        for rule in policy.get("ingress", [])
    )


@pytest.mark.parametrize(
    ("pod", "port", "namespace"),
    [
        (SUBMIT, 8012, "knative-serving"),
        (SUBMIT, 8012, "kourier-system"),
        (SUBMIT, 9090, "knative-serving"),
        (SUBMIT, 9091, "monitoring"),
        (SOLVER, 8089, "kourier-system"),
    ],
)
def test_who_has_business_with_a_pod_comes_in(pod, port, namespace):
    assert comes_in(pod, port, namespace=namespace)


@pytest.mark.parametrize(
    ("pod", "port", "namespace"),
    [
        (SUBMIT, 8012, "default"),
        (SUBMIT, 8080, "kourier-system"),
        (SUBMIT, 8089, "kourier-system"),
        (SOLVER, 8089, "default"),
        (SOLVER, 8080, "kourier-system"),
        ({}, 8012, "knative-serving"),
    ],
)
def test_nobody_else_does(pod, port, namespace):
    assert not comes_in(pod, port, namespace=namespace)


def test_functions_come_to_the_stores_and_strangers_of_the_namespace_do_not():
    redis = {"app.kubernetes.io/name": "redis"}

    assert comes_in(redis, 6379, labels=SUBMIT)
    assert not comes_in(redis, 6379, labels={"app": "stranger"})
    assert not comes_in(redis, 6379, namespace="default", labels=SUBMIT)

"""Faults of objects that the bases do not have: put beside them."""

import pytest

CLAIMED = """\
apiVersion: v1
kind: Secret
metadata:
  name: keys
stringData:
  KEY: abc
"""
BOUND = """\
apiVersion: sources.knative.dev/v1
kind: SinkBinding
metadata:
  name: sinks
spec: {}
"""
MAPPED = """\
apiVersion: serving.knative.dev/v1beta1
kind: DomainMapping
metadata:
  name: draw.example.com
spec:
  ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: generate}
"""
BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: submit
spec:
  maxUnavailable: 0
  selector:
    matchLabels: {serving.knative.dev/service: submit}
"""
POD = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: cache
spec:
  serviceName: cache
  selector:
    matchLabels: {app: cache}
  template:
    metadata:
      labels: {app: cache}
    spec:
      automountServiceAccountToken: false
      containers:
        - name: cache
          image: cache:1
          resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
"""
POLICY = """\
apiVersion: eventing.knative.dev/v1alpha1
kind: EventPolicy
metadata:
  name: some
spec: {}
"""
FOREIGN = """\
apiVersion: serving.knative.dv/v1
kind: Service
metadata:
  name: typo
"""
ADDED = {
    "a secret": (CLAIMED, {(5, "secret")}),
    "a binding": (BOUND, {(2, "sink-binding")}),
    "a name for a GPU": (MAPPED, {(6, "public")}),
    "a budget that stops every drain": (BUDGET, {(5, "interruption")}),
    "a pod that may do anything": (POD, {(15, "hardening")}),
    "a policy without its feature": (POLICY, {(2, "subscriber")}),
    "a group with a typo": (FOREIGN, {(2, "kind")}),
}


@pytest.mark.parametrize("added", ADDED, ids=[name.replace(" ", "-") for name in ADDED])
def test_a_fault_of_an_added_object_is_found(look, base, added):
    text, wanted = ADDED[added]
    (base[0] / "base" / "more.yaml").write_text(text)
    kustomization = base[0] / "base" / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text() + "  - more.yaml\n")

    found = look(base)

    assert {(line, rule) for _, line, rule, _, _ in found} == wanted
    assert {"knative/base/more.yaml"} == {file for file, *_ in found}


def test_an_object_of_another_project_is_not_judged(look, base):
    text = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata:\n  name: tls\nspec: {anything: here}\n"
    (base[0] / "base" / "more.yaml").write_text(text)
    kustomization = base[0] / "base" / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text() + "  - more.yaml\n")

    assert [] == look(base)


@pytest.mark.parametrize(
    ("traffic", "said"),
    [
        ("[{latestRevision: true, percent: 90}]", "make 90"),
        ("[{percent: 100}]", "must name a revision"),
    ],
)
def test_traffic_must_add_up_and_lead_somewhere(look, base, traffic, said):
    submit = base[0] / "base" / "submit.yaml"
    submit.write_text(submit.read_text().replace("spec:\n  template:", f"spec:\n  traffic: {traffic}\n  template:", 1))

    (found,) = look(base)

    assert "traffic" == found[2]
    assert said in found[3]

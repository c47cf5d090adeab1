"""The components that let a Trigger reach submit: they fit each other, and the code that they speak to."""

import os

import pytest
import yaml

from shared.core import events
from shared.settings import Settings

COMPONENTS = ("knative/components/event-oidc", "eventing/components/submit-trigger")


@pytest.fixture(scope="module")
def built(build, root, tmp_path_factory):
    """What kubectl makes of both folders with both components."""
    place = tmp_path_factory.mktemp("overlay")

    def path(name):
        return os.path.relpath(root.resolve() / name, place.resolve())

    overlay = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "flipbook",
        "resources": [path("knative"), path("eventing")],
        "components": [path(name) for name in COMPONENTS],
    }
    (place / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    return build(place)


@pytest.fixture(scope="module")
def triggers(built):
    """Those that lead to submit."""
    found = [each for each in built if each["kind"] == "Trigger"]
    return [each for each in found if each["spec"]["subscriber"]["ref"]["name"] == "submit"]


@pytest.fixture(scope="module")
def template(built):
    found = [
        each for each in built if each["apiVersion"].startswith("serving") and each["metadata"]["name"] == "submit"
    ]
    return found[0]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def settings(template):
    env = {each["name"]: each["value"] for each in template["containers"][0]["env"] if "value" in each}
    return Settings.from_env(env)


def test_submit_believes_the_tokens_that_the_triggers_show(triggers, settings):
    assert {settings.event_oidc_audience} == {each["spec"]["subscriber"]["audience"] for each in triggers}
    places = [each["metadata"] for each in triggers]
    # As knative/eventing names the account of a Trigger: pkg/auth/serviceaccount.go.
    suffix = "oidc-eventing.knative.dev-trigger"
    subjects = {f"system:serviceaccount:{each['namespace']}:{each['name']}-{suffix}" for each in places}
    assert subjects == set(settings.event_oidc_subjects)


def test_the_keys_are_looked_for_where_they_are_mounted(template, settings):
    mounts = {each["mountPath"]: each["name"] for each in template["containers"][0]["volumeMounts"]}
    folder, _, file = settings.event_oidc_jwks.removeprefix("file://").rpartition("/")
    volume = next(each for each in template["volumes"] if each["name"] == mounts[folder])

    assert ("jwks.json", {"name": "flipbook-cluster-keys"}) == (file, volume["configMap"])


def test_the_triggers_bring_what_submit_takes_to_where_it_takes_it(triggers):
    assert [{"type": events.CANCEL}, {"type": events.REQUESTED}] == sorted(
        (each["spec"]["filter"]["attributes"] for each in triggers), key=lambda each: each["type"]
    )
    assert {"/v1/events"} == {each["spec"]["subscriber"]["uri"] for each in triggers}


def test_their_delivery_is_as_complete_as_that_of_the_others(built):
    deliveries = [each["spec"]["delivery"] for each in built if each["kind"] == "Trigger"]

    assert 1 == len({frozenset(each) for each in deliveries})


def test_without_the_components_no_trigger_leads_to_submit(objects):
    assert [] == [
        each["metadata"]["name"]
        for each in objects
        if each["kind"] == "Trigger" and each["spec"]["subscriber"]["ref"]["name"] == "submit"
    ]


def test_the_page_says_how_to_make_what_they_need(root):
    text = (root / "docs" / "access.md").read_text()

    for word in ("flipbook-cluster-keys", "authentication-oidc", *COMPONENTS):
        assert word in text

"""func.yaml says of submit what knative/base/submit.yaml says."""

import re

import pytest
import yaml

REFERENCE = re.compile(r"\{\{ (configMap|secret):([a-z-]+):(\w+) \}\}")
KINDS = {"configMap": "ConfigMap", "secret": "Secret"}


@pytest.fixture(scope="module")
def function(root):
    return yaml.safe_load((root / "func.yaml").read_text())


def test_it_gives_submit_the_same_environment(function, services):
    def meaning(value):
        if found := REFERENCE.fullmatch(value):
            return (KINDS[found[1]], found[2], found[3])
        return value

    theirs = {each["name"]: meaning(each["value"]) for each in function["run"]["envs"]}
    ours = {
        name: value if isinstance(value, str) else (value.kind, value.name, value.key)
        for name, value in services["submit"].env.items()
    }

    assert ours == theirs


def test_it_gives_submit_the_same_image_scale_and_resources(function, services, templates, containers):
    submit, options = services["submit"], function["deploy"]["options"]

    assert containers["submit"]["image"] == function["image"]
    target = int(templates["submit"]["metadata"]["annotations"]["autoscaling.knative.dev/target"])
    assert {"min": submit.min_scale, "max": submit.max_scale, "target": target} == options["scale"]
    assert containers["submit"]["resources"]["requests"] == options["resources"]["requests"]
    limits = containers["submit"]["resources"]["limits"] | {"concurrency": submit.container_concurrency}
    assert limits == options["resources"]["limits"]


def test_it_probes_the_same_paths(function, containers):
    probes = {
        "liveness": containers["submit"]["livenessProbe"]["httpGet"]["path"],
        "readiness": containers["submit"]["readinessProbe"]["httpGet"]["path"],
    }

    assert probes == function["deploy"]["healthEndpoints"]


def test_it_leaves_scaling_out_of_the_annotations_because_func_puts_those_on_the_service_too(function):
    assert "annotations" not in function["deploy"]


def test_submit_needs_no_timeout_that_func_cannot_set(services):
    # Knative's default for what func leaves out.
    assert 300 == services["submit"].timeout.total_seconds()

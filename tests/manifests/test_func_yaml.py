"""functions/*/func.yaml say of submit, notify and recover what knative/base says of them."""

import re

import pytest
import yaml

from tests.image.stages import read

REFERENCE = re.compile(r"\{\{ (configMap|secret):([a-z-]+):(\w+) \}\}")
KINDS = {"configMap": "ConfigMap", "secret": "Secret"}
VISIBILITY = "networking.knative.dev/visibility"


@pytest.fixture(params=["submit", "notify", "recover"])
def name(request):
    return request.param


@pytest.fixture
def function(root, name):
    return yaml.safe_load((root / "functions" / name / "func.yaml").read_text())


@pytest.fixture
def container(containers, name):
    return containers[name]


def test_there_is_none_for_generate_whose_gpu_func_would_take_away(root):
    assert ["notify", "recover", "submit"] == sorted(path.parent.name for path in root.rglob("functions/*/func.yaml"))


def test_it_gives_the_function_the_same_environment(function, services, name):
    def meaning(value):
        if found := REFERENCE.fullmatch(value):
            return (KINDS[found[1]], found[2], found[3])
        return value

    theirs = {each["name"]: meaning(each["value"]) for each in function["run"]["envs"]}
    ours = {
        variable: value if isinstance(value, str) else (value.kind, value.name, value.key)
        for variable, value in services[name].env.items()
    }

    assert ours == theirs


def test_it_gives_the_function_the_same_scale_and_resources(function, services, templates, container, name):
    service, options = services[name], function["deploy"]["options"]
    target = templates[name]["metadata"]["annotations"].get("autoscaling.knative.dev/target")

    scale = {"min": service.min_scale, "max": service.max_scale} | ({"target": int(target)} if target else {})
    assert scale == options["scale"]
    assert container["resources"]["requests"] == options["resources"]["requests"]
    limits = container["resources"]["limits"] | {"concurrency": service.container_concurrency}
    assert limits == options["resources"]["limits"]


def test_its_image_starts_the_function_by_itself(root, function, container, name):
    stages = read((root / "Dockerfile").read_text())[1]
    stage = "functions" if name == "submit" else name

    assert f"ghcr.io/flipbook-video/{stage}:0.1.0" == function["image"]
    assert container["command"] + container["args"] == stages[stage].command()


def test_it_probes_the_same_paths(function, container):
    probes = {
        "liveness": container["livenessProbe"]["httpGet"]["path"],
        "readiness": container["readinessProbe"]["httpGet"]["path"],
    }

    assert probes == function["deploy"]["healthEndpoints"]


def test_only_submit_is_seen_from_outside(function, objects, name):
    [service] = [
        each for each in objects if each["apiVersion"].startswith("serving") and each["metadata"]["name"] == name
    ]
    theirs = {each["key"]: each["value"] for each in function["deploy"].get("labels", [])}

    assert ({} if name == "submit" else {VISIBILITY: "cluster-local"}) == theirs
    assert service["metadata"].get("labels", {}).get(VISIBILITY) == theirs.get(VISIBILITY)


def test_it_leaves_scaling_out_of_the_annotations_because_func_puts_those_on_the_service_too(function):
    assert "annotations" not in function["deploy"]


def test_the_function_ends_within_the_time_that_func_cannot_change(services, name):
    # Knative's default for what func leaves out.
    assert services[name].timeout.total_seconds() <= 300

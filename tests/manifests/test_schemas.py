"""The manifests fit the schemas of Knative's releases, where those lie beside the checkout."""

import json

import jsonschema
import pytest
import yaml

from local.lint.crds import misfits, schemas
from local.lint.run import Lint
from local.lint.thing import as_written
from local.lint.yaml_file import documents

pytestmark = pytest.mark.schemas


@pytest.fixture(scope="module")
def releases(root):
    folder = root.parent / "shared" / "knative"
    if not (folder / "crds").is_dir():
        pytest.skip("Knative's schemas are not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def crds(releases):
    return schemas(releases / "crds")


def bent(root, file, kind, change):
    """What the CRDs say of one object of a file, once `change` was made to it."""
    (document,) = (each for each in documents(root / file) if each.data["kind"] == kind)
    change(document.data)
    return as_written(document, "flipbook")


def test_every_object_fits_its_schema(root, crds):
    assert [] == Lint([root / "knative", root / "eventing"], crds).look()


def test_the_schemas_know_every_kind_of_knative_that_is_applied(objects, crds):
    theirs = {(each["apiVersion"], each["kind"]) for each in objects if "knative" in each["apiVersion"]}

    assert set() == theirs - set(crds)


@pytest.mark.parametrize("spelling", ["fitler", "subscribers"])
def test_they_are_strict_enough_to_find_a_misspelt_field(root, crds, spelling):
    trigger = bent(root, "eventing/200-generate.yaml", "Trigger", lambda data: data["spec"].update({spelling: {}}))

    (fault,) = misfits(trigger, crds)

    assert ("spec", spelling) == fault.at


def test_they_find_a_wrong_type(root, crds):
    service = bent(
        root,
        "knative/base/generate.yaml",
        "Service",
        lambda data: data["spec"]["template"]["spec"].update(timeoutSeconds="600"),
    )

    (fault,) = misfits(service, crds)

    assert ("spec", "template", "spec", "timeoutSeconds") == fault.at


def test_every_key_that_administrators_set_is_one_of_the_release(root, releases):
    maps = [
        each.data
        for file in (root / "knative" / "cluster-settings").rglob("*.yaml")
        for each in documents(file)
        if each.data["kind"] == "ConfigMap"
    ]
    assert {"config-certmanager", "config-network"} <= {each["metadata"]["name"] for each in maps}

    for each in maps:
        folder = releases / "configmaps" / f"{each['metadata']['namespace']}-1.23.0"
        known = (folder / f"{each['metadata']['name']}.yaml").read_text()
        assert [] == [key for key in each["data"] if f"{key}:" not in known]


@pytest.mark.parametrize("name", ["submit", "notify", "recover"])
def test_func_yaml_fits_its_schema(root, releases, name):
    schema = json.loads((releases / "func_yaml-schema.json").read_text())
    function = yaml.safe_load((root / "functions" / name / "func.yaml").read_text())
    # YAML reads the timestamp as one; JSON Schema wants it written out.
    function["created"] = function["created"].isoformat()

    errors = jsonschema.Draft4Validator(schema).iter_errors(function)

    assert [] == [error.message for error in errors]


def test_func_knows_no_gpu(root, releases):
    schema = json.loads((releases / "func_yaml-schema.json").read_text())
    function = yaml.safe_load((root / "functions" / "submit" / "func.yaml").read_text())
    function["created"] = function["created"].isoformat()
    function["deploy"]["options"]["resources"]["limits"]["nvidia.com/gpu"] = "1"

    [error] = jsonschema.Draft4Validator(schema).iter_errors(function)

    assert "'nvidia.com/gpu' was unexpected" in error.message

"""The manifests fit the schemas of Knative's releases, where those lie beside the checkout."""

import json

import jsonschema
import pytest
import yaml

# Fields that a CRD leaves to Knative's webhook: known there, on by default, and missing in the schema.
BY_WEBHOOK = {"delivery": {"timeout"}}
METADATA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "namespace": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
CORE = {
    ("v1", "Namespace"): {},
    ("v1", "ConfigMap"): {"data": {"type": "object", "additionalProperties": {"type": "string"}}},
}


def strict(schema, name=""):
    """A CRD's structural schema as JSON Schema that refuses what it does not name."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    new = {key: schema[key] for key in ("type", "enum", "pattern", "minimum", "maximum", "required") if key in schema}
    if "items" in schema:
        new["items"] = strict(schema["items"])
    if properties := schema.get("properties"):
        new["properties"] = {key: strict(value, key) for key, value in properties.items()}
        new["properties"] |= {key: {"type": "string"} for key in BY_WEBHOOK.get(name, ())}
        new["additionalProperties"] = False
    elif isinstance(values := schema.get("additionalProperties"), dict):
        new["additionalProperties"] = strict(values)
    elif schema.get("type") == "object":
        new["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    return new


def whole(properties):
    typed = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": METADATA}
    return {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "additionalProperties": False,
        "properties": properties | typed,
    }


@pytest.fixture(scope="module")
def releases(root):
    folder = root.parent / "shared" / "knative"
    if not (folder / "crds").is_dir():
        pytest.skip("Knative's schemas are not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def schemas(releases):
    found = {key: whole(properties) for key, properties in CORE.items()}
    for file in sorted((releases / "crds").rglob("*.yaml")):
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in spec["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[key] = whole(schema.get("properties", {}))
    return found


def faults(schema, thing):
    errors = jsonschema.Draft202012Validator(schema).iter_errors(thing)
    return [f"{error.json_path}: {error.message}" for error in errors]


def test_every_object_fits_its_schema(objects, schemas):
    wrong = {
        f"{each['kind']} {each['metadata']['name']}": found
        for each in objects
        if (found := faults(schemas[each["apiVersion"], each["kind"]], each))
    }

    assert {} == wrong


def test_the_schemas_are_strict_enough_to_find_a_misspelt_field(objects, schemas):
    for spelling in ("fitler", "subscribers"):
        trigger = next(each for each in objects if each["kind"] == "Trigger")
        bent = trigger | {"spec": trigger["spec"] | {spelling: {}}}

        assert 1 == len(faults(schemas["eventing.knative.dev/v1", "Trigger"], bent))


def test_a_number_where_an_annotation_must_be_a_string_is_found(objects, schemas):
    broker = next(each for each in objects if each["kind"] == "Broker")
    bent = broker | {"metadata": broker["metadata"] | {"annotations": {"a": 1}}}

    assert 1 == len(faults(schemas["eventing.knative.dev/v1", "Broker"], bent))


def test_func_yaml_fits_its_schema(root, releases):
    schema = json.loads((releases / "func_yaml-schema.json").read_text())
    function = yaml.safe_load((root / "func.yaml").read_text())
    # YAML reads the timestamp as one; JSON Schema wants it written out.
    function["created"] = function["created"].isoformat()

    errors = jsonschema.Draft4Validator(schema).iter_errors(function)

    assert [] == [error.message for error in errors]

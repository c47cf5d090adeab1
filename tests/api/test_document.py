"""/openapi.json says all that there is, and nothing that is not."""

import re

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.submit import openapi
from functions.submit.openapi import Undescribed
from shared.core.operation import Operation, Reply

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/openapi.json").json


def operations(document):
    return {(method, path): found for path, item in document["paths"].items() for method, found in item.items()}


def references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from references(child)


def test_the_document_is_valid_openapi_3_1(document):
    assert "3.1.0" == document["openapi"]
    assert [] == [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


def test_each_route_is_described_and_each_description_has_its_route(app, document):
    routes = {
        (method.lower(), openapi.template(rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD"}
        if method != "OPTIONS" or rule.endpoint.startswith("events.")
    }

    assert routes == set(operations(document))


def test_no_two_paths_stand_at_the_same_place(document):
    places = [re.sub(r"{\w+}", "{}", path) for path in document["paths"]]

    assert sorted(set(places)) == sorted(places)


def test_every_operation_has_an_id_of_its_own_and_a_summary(document):
    found = operations(document).values()

    assert len(found) == len({operation["operationId"] for operation in found})
    assert all(operation["summary"] for operation in found)


def test_the_paths_arguments_are_those_of_its_template(document):
    for (_, path), operation in operations(document).items():
        arguments = [a["name"] for a in operation.get("parameters", []) if a["in"] == "path"]
        assert re.findall(r"{(\w+)}", path) == arguments


def test_nothing_is_kept_that_nothing_refers_to(document):
    kept = {f"#/components/{kind}/{name}" for kind in ("schemas", "headers") for name in document["components"][kind]}

    assert kept == set(references(document))


def test_a_key_is_asked_for_wherever_the_door_asks_for_one(app, document):
    client = app.test_client()
    for (method, path), operation in operations(document).items():
        answered = client.open(re.sub(r"{\w+}", "x", path), method=method).status_code
        assert (401 == answered) == bool(operation["security"]), (method, path)
        assert (401 == answered) == ("401" in operation["responses"])


def test_the_document_is_fetched_again_only_when_it_is_another(app):
    client = app.test_client()
    first = client.get("/openapi.json")

    again = client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert (200, "application/json", "no-cache") == (first.status_code, first.mimetype, first.headers["Cache-Control"])
    assert (304, b"") == (again.status_code, again.data)


def with_route(view):
    app = Flask("planted", static_folder=None)
    app.add_url_rule("/<job_id>", "planted", view)
    return app


def test_a_route_that_says_nothing_is_named_and_told_what_to_do():
    with pytest.raises(Undescribed, match=r"^/<job_id>: decorate its view with an Operation"):
        openapi.document(with_route(lambda job_id: job_id))


@pytest.mark.parametrize(
    "words", [{"errors": ("no_such_code",)}, {"replies": {200: Reply("Good.", headers=("X-Unknown",))}}]
)
def test_a_word_that_the_document_does_not_know_is_named(words):
    described = Operation(id="planted", summary="A test's.", **words)

    with pytest.raises(Undescribed, match=r"must know '(no_such_code|X-Unknown)' first"):
        openapi.document(with_route(described(lambda job_id: job_id)))

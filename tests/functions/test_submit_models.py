"""Models as callers see them: what is offered, by its own name and by others that it was given."""

import pytest

from functions.submit.app import create_app
from shared import wiring
from shared.core.catalog import CATALOG

TINY = {"id": "mochi-1-tiny", "object": "model", "created": 1763856000, "owned_by": "flipbook"}
PREVIEW = {"id": "mochi-1-preview", "object": "model", "created": 1729555200, "owned_by": "genmo"}


@pytest.fixture
def settings(settings_with):
    return settings_with(MODELS="mochi-1-tiny", MODEL_ALIASES="sora-2=mochi-1-tiny sora-2-pro=mochi-1-preview")


def test_the_models_that_are_offered_are_listed_and_no_other(client, auth):
    assert {"object": "list", "data": [TINY]} == client.get("/v1/models", headers=auth).json


def test_the_default_model_comes_first(settings_with, auth):
    settings = settings_with(MODELS="mochi-1-preview mochi-1-tiny")
    services = wiring.build(settings)
    client = create_app(settings, services).test_client()

    assert [PREVIEW, TINY] == client.get("/v1/models", headers=auth).json["data"]
    services.close()


@pytest.mark.parametrize("name", ["mochi-1-tiny", "sora-2"])
def test_a_model_is_told_by_its_own_name(client, auth, name):
    assert TINY == client.get(f"/v1/models/{name}", headers=auth).json


@pytest.mark.parametrize("name", ["mochi-1-preview", "sora-2-pro", "sora-3"])
def test_a_model_that_is_not_offered_is_not_found(client, auth, name):
    answer = client.get(f"/v1/models/{name}", headers=auth)

    assert (404, "not_found") == (answer.status_code, answer.json["error"]["code"])


def test_a_video_is_asked_for_by_another_name_and_told_by_the_real_one(client, auth):
    answer = client.post("/v1/videos", json={"prompt": "x", "model": "sora-2"}, headers=auth)

    assert (202, "mochi-1-tiny") == (answer.status_code, answer.json["model"])


@pytest.mark.parametrize("name", ["sora-2-pro", "sora-3"])
def test_another_name_of_a_model_that_is_not_offered_is_refused(client, auth, name):
    answer = client.post("/v1/videos", json={"prompt": "x", "model": name}, headers=auth)

    assert (400, "must be one of mochi-1-tiny") == (answer.status_code, answer.json["errors"][0]["detail"])


def test_every_model_says_whose_it_is():
    assert {"genmo", "flipbook"} == {model.owned_by for model in CATALOG.values()}

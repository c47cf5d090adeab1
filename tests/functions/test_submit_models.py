"""Models as callers see them: what is offered, by its own name and by others that it was given."""

import pytest

from functions.submit.app import create_app
from shared import wiring
from shared.core.catalog import CATALOG

TINY = {
    "id": "mochi-1-tiny",
    "object": "model",
    "created": 1763856000,
    "owned_by": "flipbook",
    "defaults": {"width": 96, "height": 64, "num_frames": 13, "num_inference_steps": 4, "guidance_scale": 4.5},
    "limits": {
        "prompt_characters": 2000,
        "prompt_tokens": 256,
        "side_multiple": 16,
        "min_side": 64,
        "max_width": 320,
        "max_height": 320,
        "frame_stride": 6,
        "max_frames": 163,
        "fps": 30,
        "min_inference_steps": 2,
        "max_inference_steps": 100,
        "max_guidance_scale": 20.0,
    },
    "presets": [
        {"id": "exact", "picture": "the model's own numbers"},
        {"id": "turbo", "picture": "every second step goes on as the one before it went: the picture differs"},
    ],
}


@pytest.fixture
def settings(settings_with):
    return settings_with(MODELS="mochi-1-tiny", MODEL_ALIASES="sora-2=mochi-1-tiny sora-2-pro=mochi-1-preview")


def test_the_models_that_are_offered_are_listed_and_no_other(client, auth):
    assert {"object": "list", "data": [TINY]} == client.get("/v1/models", headers=auth).json


def test_the_default_model_comes_first(settings_with, auth):
    settings = settings_with(MODELS="mochi-1-preview mochi-1-tiny")
    services = wiring.build(settings)
    client = create_app(settings, services).test_client()

    names = [model["id"] for model in client.get("/v1/models", headers=auth).json["data"]]
    assert ["mochi-1-preview", "mochi-1-tiny"] == names
    services.close()


def test_what_a_model_says_can_be_asked_for_is_taken_and_no_more(client, auth):
    """A page that is built from these numbers must not be refused for using them."""
    limits = client.get("/v1/models/mochi-1-tiny", headers=auth).json["limits"]
    most = {
        "prompt": "x" * limits["prompt_characters"],
        "size": f"{limits['max_width']}x{limits['max_height']}",
        "num_frames": limits["max_frames"],
        "num_inference_steps": limits["max_inference_steps"],
        "guidance_scale": limits["max_guidance_scale"],
    }
    least = {
        "prompt": "x",
        "size": f"{limits['min_side']}x{limits['min_side']}",
        "num_frames": limits["frame_stride"] + 1,
        "num_inference_steps": limits["min_inference_steps"],
        "guidance_scale": 0,
    }
    beyond = {
        "prompt": "x" * (limits["prompt_characters"] + 1),
        "size": f"{limits['max_width'] + limits['side_multiple']}x{limits['max_height']}",
        "num_frames": limits["max_frames"] + limits["frame_stride"],
        "num_inference_steps": limits["max_inference_steps"] + 1,
        "guidance_scale": limits["max_guidance_scale"] + 0.1,
    }

    for body in (most, least):
        assert 202 == client.post("/v1/videos", json=body, headers=auth).status_code
    for name, value in beyond.items():
        answer = client.post("/v1/videos", json=most | {name: value}, headers=auth)
        assert (400, f"/{name}") == (answer.status_code, answer.json["errors"][0]["pointer"])


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

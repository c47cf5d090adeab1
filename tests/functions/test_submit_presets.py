"""Presets as callers see them: taken where they are offered, refused where not, kept with the video."""

import pytest

from functions.submit.app import create_app


def ask(client, auth, **fields):
    return client.post("/v1/videos", json={"prompt": "a fox"} | fields, headers=auth)


def test_a_video_tells_the_preset_that_it_is_drawn_with(client, auth, services, settings):
    plain, turbo = ask(client, auth).json, ask(client, auth, preset="turbo").json

    assert ("exact", "turbo") == (plain["preset"], turbo["preset"])
    assert turbo == client.get(f"/v1/videos/{turbo['id']}", headers=auth).json
    assert ["exact", "turbo"] == [services.jobs.claim(name, settings.lease).request.preset for name in ("a", "b")]


def test_one_that_is_not_offered_is_refused_and_nothing_is_queued(client, auth, services):
    answer = ask(client, auth, preset="fast")

    assert (400, "/preset") == (answer.status_code, answer.json["errors"][0]["pointer"])
    assert "must be one of exact, turbo: no other preset is offered here" == answer.json["errors"][0]["detail"]
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("verb", ["retry", "remix"])
def test_a_preset_that_is_no_longer_offered_is_not_drawn_again(auth, services, settings_with, client, verb):
    created = ask(client, auth, preset="turbo").json
    client.post(f"/v1/videos/{created['id']}/cancel", headers=auth)
    later = create_app(settings_with(PRESETS="exact"), services).test_client()

    again = later.post(
        f"/v1/videos/{created['id']}/{verb}", json={"prompt": "x"} if verb == "remix" else None, headers=auth
    )

    assert {"retry": 409, "remix": 400}[verb] == again.status_code
    assert "turbo" in again.get_data(as_text=True)
    assert 0 == services.jobs.depth().waiting


def test_a_remix_and_a_retry_keep_it(client, auth):
    created = ask(client, auth, preset="turbo").json
    client.post(f"/v1/videos/{created['id']}/cancel", headers=auth)

    again = client.post(f"/v1/videos/{created['id']}/retry", headers=auth).json
    other = client.post(f"/v1/videos/{created['id']}/remix", json={"prompt": "x"}, headers=auth).json

    assert ("turbo", "turbo") == (again["preset"], other["preset"])


def test_an_estimate_knows_what_turbo_saves(client, auth):
    body = {"prompt": "a fox", "num_inference_steps": 64}
    plain, turbo = (
        client.post("/v1/videos/estimate", json=body | {"preset": preset}, headers=auth).json
        for preset in ("exact", "turbo")
    )

    assert "turbo" == turbo["normalized"]["preset"]
    assert turbo["gpu_seconds"]["p50"] < plain["gpu_seconds"]["p50"]

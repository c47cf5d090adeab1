"""Stored keys over a real server: two instances of submit, a revocation, and the server away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from functions.submit.app import create_app
from functions.submit.locksmith import Locksmith
from shared import wiring
from shared.core.access import new_api_key
from shared.core.key_wish import KeyWish
from shared.settings import Settings
from shared.wiring import Services
from tests.servers import Valkey

PEPPER = "p" * 32
BOOTSTRAP = new_api_key()


@pytest.fixture
def settings(redis_url: str) -> Settings:
    places = {"REDIS_URL": redis_url, "ARTIFACTS_URL": "memory://", "K_SINK": "memory://"}
    return Settings.from_env(places | {"KEY_PEPPER": PEPPER, "API_KEYS": BOOTSTRAP})


@pytest.fixture
def instances(settings: Settings) -> Iterator[list[FlaskClient]]:
    """Two processes' worth of submit: they share nothing but the server."""
    both: list[Services] = [wiring.build(settings) for _ in range(2)]
    yield [create_app(settings, services).test_client() for services in both]
    for services in both:
        services.close()


@pytest.fixture
def key(settings: Settings) -> str:
    services = wiring.build(settings)
    _, made = Locksmith(services.api_keys, [PEPPER]).make(KeyWish(tenant="ada", scopes=["videos:read"]), by="test")
    services.close()
    return made


def status(instance: FlaskClient, key: str, path: str = "/v1/models") -> int:
    return instance.get(path, headers={"X-API-Key": key}).status_code


def seconds_until(look: Callable[[], bool], *, within: float) -> float:
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < within, f"not within {within} s"
        time.sleep(0.02)
    return time.monotonic() - began


def test_what_one_instance_revokes_is_closed_in_the_other_within_five_seconds(
    instances: list[FlaskClient], key: str
) -> None:
    assert [200, 200] == [status(each, key) for each in instances]
    revoked = instances[0].post(f"/admin/keys/{key[3:11]}/revoke", headers={"X-API-Key": BOOTSTRAP})

    assert 200 == revoked.status_code
    for each in instances:
        seconds_until(lambda each=each: status(each, key) == 401, within=5)


def test_while_the_server_is_away_keys_are_believed_for_seconds_and_then_503(
    instances: list[FlaskClient], key: str, valkey: Valkey
) -> None:
    instance = instances[0]
    assert 200 == status(instance, key)
    valkey.kill()
    try:
        began = time.monotonic()
        seen = {200}
        while time.monotonic() - began < 6 and seen != {200, 503}:
            seen.add(status(instance, key))
            time.sleep(0.05)
        assert {200, 503} == seen
        assert time.monotonic() - began <= 5 + 1  # and a second for the question

        asked = time.monotonic()
        assert 503 == status(instance, new_api_key())
        assert time.monotonic() - asked < 1.5
        assert 200 == status(instance, BOOTSTRAP)
    finally:
        valkey.start()
    seconds_until(lambda: status(instance, key) == 200, within=5)

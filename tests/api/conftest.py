"""The app that the OpenAPI document describes."""

import pytest

from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.settings import Settings


@pytest.fixture(scope="session")
def app():
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    settings = Settings.from_env(places | {"API_KEYS": new_api_key()})
    services = wiring.build(settings)
    yield create_app(settings, services)
    services.close()

"""The functions over stores in memory: real Flask apps, real handlers, no server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.settings import Settings
from tests.functions.patience import patient
from tests.functions.studio import Studio
from tests.witness import watched

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK_SIGNING_KEY = "whsk_c2VlZHNlZWRzZWVkc2VlZHNlZWRzZWVkc2VlZHNlZWQ="
WEBHOOK_KEY = "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4="


@pytest.fixture
def api_key():
    return new_api_key()


@pytest.fixture
def settings_with(api_key):
    """Settings of stores in memory, with some variables given."""

    def build(**variables: str) -> Settings:
        return Settings.from_env(
            {
                "REDIS_URL": "memory://",
                "ARTIFACTS_URL": "memory://",
                "K_SINK": "memory://",
                "API_KEYS": api_key,
                "WEBHOOK_SECRET": WEBHOOK_SECRET,
                "WEBHOOK_KEY": WEBHOOK_KEY,
                "WEBHOOK_SIGNING_KEY": WEBHOOK_SIGNING_KEY,
                "WEBHOOK_NETWORKS": "127.0.0.0/8",
                "LEASE_SECONDS": "1",
                "HEARTBEAT_SECONDS": "0.05",
                "WEB_DIR": "/nowhere",  # whether somebody built the page is no matter here
            }
            | variables
        )

    return build


@pytest.fixture
def settings(settings_with):
    return settings_with()


@pytest.fixture
def services(settings):
    built = wiring.build(settings)
    yield built
    built.close()


@pytest.fixture
def client(settings, services):
    """Each of its answers must be as the OpenAPI document says."""
    return patient(watched(create_app(settings, services))).test_client()


@pytest.fixture
def auth(api_key):
    return {"Authorization": f"Bearer {api_key}"}


@pytest.fixture
def studio(services, settings):
    """One process of generate."""
    with ThreadPoolExecutor() as pool:
        yield Studio(services, settings, pool)

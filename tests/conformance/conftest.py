"""The site that the suite is held against: the one that FLIPBOOK_URL names, or this machine with each class of Broker."""

from __future__ import annotations

import http.client
import os
from collections.abc import Iterator

import pytest

from tests.conformance import laptop
from tests.conformance.site import Site, exchange

GIVEN = os.environ.get("FLIPBOOK_URL", "").rstrip("/")
CLASSES = ("mt-channel", "in-memory", "kafka", "rabbitmq")
MOODS = ["given"] if GIVEN else list(CLASSES)
LONG = 3600
"""Seconds that a test may take where a GPU must wake first."""


@pytest.fixture(scope="session", params=MOODS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if GIVEN:
        yield _given()
        return
    with laptop.running(tmp_path_factory.mktemp(request.param), f"--broker-class={request.param}") as found:
        yield found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items if GIVEN else ():
        item.add_marker(pytest.mark.timeout(LONG))


def _given() -> Site:
    missing = [name for name in ("BROKER_URL", "API_KEY") if not os.environ.get(name)]
    if missing:
        pytest.exit(f"beside FLIPBOOK_URL, set {' and '.join(missing)}", returncode=2)
    site = Site(
        url=GIVEN,
        broker=os.environ["BROKER_URL"].rstrip("/"),
        key=os.environ["API_KEY"],
        patience=1800,
        calm=False,
    )
    if fault := wrong_with(site):
        pytest.exit(fault, returncode=2)
    return site


def wrong_with(site: Site) -> str:
    """Looked at once, before anything is asked for half an hour: empty, or what is wrong with the addresses or the key."""
    for variable, url, headers in (
        ("FLIPBOOK_URL", site.url + "/v1/models", {"Authorization": f"Bearer {site.key}"}),
        ("BROKER_URL", site.broker, {}),
    ):
        try:
            answer = exchange("GET", url, None, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"{variable}: nothing answers there ({error})"
        if answer.status in (401, 403):
            return f"API_KEY: {site.url} refuses it with {answer.status}"
        if answer.status == 404:
            return f"{variable}: {url} is not there (404)"
    return ""

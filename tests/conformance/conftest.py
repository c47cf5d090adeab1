"""The site that the suite is held against: the one that FLIPBOOK_URL names, or this machine with each class of Broker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.conformance import laptop
from tests.conformance.site import Site

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
    return Site(
        url=GIVEN,
        broker=os.environ["BROKER_URL"].rstrip("/"),
        key=os.environ["API_KEY"],
        patience=1800,
        calm=False,
    )

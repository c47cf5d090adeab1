from __future__ import annotations

import pytest

from tests.e2e.platform import Platform


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """The platform as `make run` starts it, with a stable window short enough to see it scale to zero."""
    with Platform(tmp_path_factory.mktemp("platform"), STABLE_WINDOW_SECONDS="6") as started:
        yield started


@pytest.fixture
def start(tmp_path):
    """Start platforms of a test's own: `start(LEASE_SECONDS="2")`."""
    started: list[Platform] = []

    def build(**settings: str) -> Platform:
        platform = Platform(tmp_path, **settings)
        started.append(platform)
        platform.start()
        return platform

    yield build
    for platform in started:
        platform.stop()

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import needs
from tests.e2e.platform import Platform
from tests.page import visitor
from tests.page.visitor import WEB, Visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module: Playwright keeps an event loop, beside which other tests could run none of their own."""
    needs.require("chromium")
    needs.require_folder(WEB / "dist")
    with visitor.browser() as started:
        yield started


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """As `make run` starts it; what is drawn stays warm between tests."""
    with Platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


@pytest.fixture
def visit(browser: Browser, platform: Platform) -> Iterator[Visitor]:
    """A visitor. Whatever the browser complained about ends the test."""
    guest = Visitor(browser, platform)
    yield guest
    guest.end()
    assert [] == guest.faults

"""`npm run dev` as web/README.md has it: the page with every change at once, against a platform that runs already."""

import os
import signal
import subprocess

import pytest
from playwright.sync_api import Browser, expect

from tests import needs
from tests.e2e.platform import Platform, eventually
from tests.page.test_drawing import DRAWN_MS, ask
from tests.page.visitor import WEB, Visitor


@pytest.fixture
def workshop(platform: Platform, tmp_path):
    """Where Vite serves the page."""
    needs.require("npm")
    needs.require_folder(WEB / "node_modules")
    log = tmp_path / "vite.log"
    environ = os.environ | {"FLIPBOOK_URL": f"http://127.0.0.1:{platform.port}", "NO_COLOR": "1"}
    with log.open("wb") as out:
        # Port 0 is any free one; npm starts Vite as its child, and both have to go.
        vite = subprocess.Popen(
            ["npm", "run", "dev", "--", "--port", "0"],
            cwd=WEB,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def address() -> str | None:
        assert vite.poll() is None, log.read_text()
        [*found] = [word for word in log.read_text().split() if word.startswith("http://127.0.0.1:")]
        return found[0].rstrip("/") if found else None

    try:
        yield eventually(address, f"Vite is up; see {log}")
    finally:
        os.killpg(vite.pid, signal.SIGTERM)
        vite.wait(timeout=20)


def test_the_page_under_development_speaks_to_the_platform(browser: Browser, platform: Platform, workshop: str):
    guest = Visitor(browser, platform, url=workshop)
    page = guest.tab()

    card = ask(page, "A scaffold")

    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    expect(card.locator("video")).to_be_visible()
    guest.end()
    assert [] == guest.faults

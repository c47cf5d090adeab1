"""Somebody who looks at the page in a real browser, and everything that the browser found wrong meanwhile."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.browser import FLAGS
from tests.e2e.platform import Platform

WEB: Final = Path(__file__).parents[2] / "web"
PATIENCE_MS: Final = 30_000
PLAIN: Final = "flipbook.test"
"""A name of this machine that is not loopback's: over plain http the browser takes what it shows for insecure."""
_FLAGS: Final = [
    flag.replace("MAP *", f"MAP {PLAIN} 127.0.0.1 , MAP *") if "host-resolver" in flag else flag for flag in FLAGS[1:]
]
_LISTEN: Final = """addEventListener('securitypolicyviolation', event =>
    console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));"""
_AXE: Final = "async () => (await axe.run()).violations.map(found => [found.id, found.nodes.map(node => node.html)])"


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        try:
            yield started
        finally:
            started.close()


class Visitor:
    """One profile of a browser, with any number of tabs. `faults` is what no visit may bring."""

    def __init__(self, browser: Browser, platform: Platform, *, url: str = "", **traits: Any) -> None:
        self.platform = platform
        self.url = url or f"http://127.0.0.1:{platform.port}"
        self.faults: list[str] = []
        self.expected: tuple[str, ...] = ()
        """What a fault may hold where the test itself has made it."""
        self._context: BrowserContext = browser.new_context(locale="en-GB", timezone_id="UTC", **traits)
        self._context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        self._context.add_init_script(_LISTEN)

    def tab(self, path: str = "/", *, key: str | None = None) -> Page:
        """A tab at `path`, behind the door: opened by the link that `make run` prints."""
        page = self._context.new_page()
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.faults.append(f"threw {error}"))
        page.on("request", lambda asked: self._check(asked.url))
        page.goto(f"{self.url}/#key={key or self.platform.api_key}")
        if path != "/":
            page.goto(f"{self.url}{path}")
        return page

    def accessible(self, page: Page) -> list[Any]:
        """What axe finds wrong with what is shown now."""
        page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
        found: list[Any] = page.evaluate(_AXE)
        return found

    def end(self) -> None:
        for page in self._context.pages:
            page.unroute_all(
                behavior="wait"
            )  # an answer that is cut off warns during some later test, which then fails
        self._context.close()

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(word in text for word in self.expected):
            self.faults.append(f"{kind} {text}")

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "blob" and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.faults.append(f"asked {json.dumps(url[:200])}")

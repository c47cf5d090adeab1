"""How fast the page is, in a real Chromium, served by one instance of submit as knative/base/submit.yaml starts it.

    python bench/page.py [--videos 5000] [--cards 50] [--seconds 30] [--markdown FILE]

Over a real Valkey with appendfsync always, all on one machine. Each row has beside it what the same browser or the
same server does without the page, in the same run: machines differ, and this one may have other work. About five
minutes, most of which fill the store. Needs web/dist: `npm --prefix web run build`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform as host
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count, getloadavg
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.gallery import Gallery
from tests.e2e.platform import eventually
from tests.page import visitor
from tests.page.visitor import WEB
from tests.servers import Valkey
from tests.submit_server import SubmitServer

TENANT = "default"
LOADS = 7
FLINGS = 3
STEP_S = 2.0
"""A step of Mochi-1 at its own size, on one GPU, takes about so long."""
WATCH = """
window.tasks = [];
new PerformanceObserver(list => tasks.push(...list.getEntries().map(task => [task.startTime, task.duration])))
    .observe({type: 'longtask', buffered: true});
new MutationObserver((_, observer) => {
    if (!document.getElementById('prompt')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.ready = performance.now(); }));
}).observe(document, {childList: true, subtree: true});"""
FLING = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const bottom = () => scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    const said = document.querySelector('.gallery [role=status]');
    const rest = () => !said || said.textContent.includes('in all');
    tasks.length = 0;
    let frames = 0;
    const began = performance.now();
    for (const by of [900, -900])
        while (by > 0 ? !(rest() && bottom()) : scrollY > 0) { scrollBy(0, by); frames++; await frame(); }
    await new Promise(resolve => setTimeout(resolve, 200));
    return {frames, ms: performance.now() - began, tasks: tasks.map(([, duration]) => duration)};
}"""
BOXES = """count => {
    for (let n = 0; n < count; n++) {
        const box = document.body.appendChild(document.createElement('div'));
        box.textContent = `box ${n}`;
        Object.assign(box.style, {display: 'inline-block', width: '180px', height: '190px'});
    }
}"""

Row = tuple[str, str, str, str, str]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--videos", type=int, default=5000, help="how many are stored already")
    arguments.add_argument("--cards", type=int, default=50, help="how many are being drawn")
    arguments.add_argument("--seconds", type=float, default=30, help="they are watched so long")
    arguments.add_argument("--markdown", type=Path, help="also write the table to this file")
    given = arguments.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store = Valkey(folder)
        store.start()
        stack.callback(store.kill)
        server = SubmitServer(folder, store.url, variables={"WEB_DIR": str(WEB / "dist"), "LOG_LEVEL": "WARNING"})
        stack.callback(server.end)
        server.await_ready()
        gallery = Gallery(store.url, folder / "artifacts", TENANT)
        stack.callback(gallery.close)
        browser = stack.enter_context(visitor.browser())
        rows = [weight(), loaded(browser, server)]
        gallery.finish(given.videos)
        rows += [flung(browser, server, given.videos), watched(browser, server, gallery, given.cards, given.seconds)]
        table = render(rows, browser.version)
    print(table)
    if given.markdown:
        given.markdown.write_text(table)


def weight() -> Row:
    """What a browser fetches before it shows anything, as submit compresses it."""
    index = (WEB / "dist/index.html").read_text()
    scripts = re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', index)
    size = sum(len(gzip.compress((WEB / "dist" / name).read_bytes())) for name in scripts) / 1000
    every = sum(len(gzip.compress(path.read_bytes())) for path in (WEB / "dist/assets").glob("*.js")) / 1000
    return (
        "JavaScript of the first load, compressed",
        f"{size:.0f} KB",
        f"all screens: {every:.0f} KB",
        "< 150 KB",
        met(size < 150),
    )


def loaded(browser: Browser, server: SubmitServer) -> Row:
    """From the address to a form that takes words: it is there, painted, and no long task runs."""
    full, empty = [], []
    for _ in range(LOADS):
        with tab(browser, server) as page:
            eventually(lambda page=page: page.evaluate("window.ready && performance.now() > ready + 300"), "ready")
            full.append(page.evaluate("Math.max(ready, ...tasks.map(([start, duration]) => start + duration))"))
            page.goto(f"http://127.0.0.1:{server.port}/healthz")
            empty.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    return (
        f"interactive, with an empty cache, {LOADS} times",
        f"{statistics.median(full):.0f} ms (most {max(full):.0f})",
        f"/healthz in the same tab: {statistics.median(empty):.0f} ms",
        "< 1,000 ms",
        met(statistics.median(full) < 1000),
    )


def flung(browser: Browser, server: SubmitServer, count: int) -> Row:
    """The whole gallery, 900 pixels a frame, to its end and back, its pages not known before."""
    found, bare = [], []
    for _ in range(FLINGS):
        with tab(browser, server, "/#/videos") as page:
            page.get_by_text("so far").or_(page.get_by_text("in all")).wait_for()
            found.append(traced(browser, page))
            page.get_by_text(f"{count:,} in all").wait_for()
        with tab(browser, server, "/healthz") as page:
            page.evaluate(BOXES, count)
            bare.append(traced(browser, page))
    return (
        f"a gallery of {count:,} videos, scrolled through and back, {FLINGS} times: the longest task of each",
        told(found),
        f"as many bare boxes: {told(bare)}",
        "none over 100 ms",
        met(max(each["cpu"] for each in found) <= 100),
    )


def watched(browser: Browser, server: SubmitServer, gallery: Gallery, cards: int, seconds: float) -> Row:
    """The worker's CPU time while one tab watches what is drawn, and while nobody does."""
    begun = gallery.begin(cards)
    with drawing(gallery, begun):
        alone = share(server, seconds / 3, time.sleep)
        with tab(browser, server) as page:
            page.locator(".cards article").nth(cards - 1).wait_for()
            page.get_by_text(re.compile(r"^Step \d+ of 64$")).nth(cards - 1).wait_for()
            page.wait_for_timeout(2000)
            busy = share(server, seconds, lambda s: page.wait_for_timeout(s * 1000))
    return (
        f"{cards} live cards, a step each {STEP_S:.0f} s, {seconds:.0f} s long: CPU of submit",
        f"{busy:.1%} of a core",
        f"nobody watches: {alone:.1%}",
        "< 5 %",
        met(busy < 0.05),
    )


@contextmanager
def drawing(gallery: Gallery, begun: list[tuple[str, str]]) -> Iterator[None]:
    over = threading.Event()

    def draw() -> None:
        while not over.wait(STEP_S):
            gallery.step(begun)

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def tab(browser: Browser, server: SubmitServer, path: str = "") -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
    context.set_default_timeout(60_000)
    context.add_init_script(WATCH)
    page = context.new_page()
    try:
        page.goto(f"http://127.0.0.1:{server.port}/#key={server.key}")
        if path:
            page.goto(f"http://127.0.0.1:{server.port}{path}")
        yield page
    finally:
        context.close()


def share(server: SubmitServer, seconds: float, wait: Callable[[float], Any]) -> float:
    """Of one core, of gunicorn's worker."""
    [worker] = psutil.Process(server.process.pid).children()
    before, began = worker.cpu_times(), time.perf_counter()
    wait(seconds)
    after, lasted = worker.cpu_times(), time.perf_counter() - began
    return float(after.user + after.system - before.user - before.system) / lasted


def traced(browser: Browser, page: Page) -> dict[str, Any]:
    """A fling, and `cpu`: the milliseconds of CPU time of its longest task, which other work does not lengthen."""
    browser.start_tracing(page=page, categories=["toplevel", "disabled-by-default-devtools.timeline"])
    found: dict[str, Any] = page.evaluate(FLING)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [event for event in events if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in main]
    return found | {"cpu": max(event.get("tdur", 0) for event in tasks) / 1000, "count": len(tasks)}


def told(flings: list[dict[str, Any]]) -> str:
    cpu = ", ".join(f"{each['cpu']:.0f}" for each in flings)
    wall = ", ".join(f"{max(each['tasks']):.0f}" if each["tasks"] else "under 50" for each in flings)
    pace = statistics.median(each["frames"] / each["ms"] * 1000 for each in flings)
    return f"{cpu} ms of CPU ({wall} ms on the clock), {pace:.0f} frames/s"


def met(good: bool) -> str:
    return "yes" if good else "NO"


def render(rows: list[Row], chromium: str) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in ("gunicorn", "gevent", "flask", "playwright"))
    lines = [
        f"# The page, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"{cpu_count()} CPU cores, {host.system()} {host.machine()}, Python {host.python_version()}; {versions};",
        f"Chromium {chromium} without a GPU, on the same machine as submit and Valkey (appendfsync always).",
        f"Load average of the machine at the end: {getloadavg()[1]:.1f}.",
        "A task is judged by the CPU time of its thread: on the clock it waits for the machine's other work too.",
        "",
        "| what | measured | beside it | target | target met |",
        "| --- | --- | --- | --- | --- |",
        *("| " + " | ".join(each) + " |" for each in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

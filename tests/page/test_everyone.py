"""The page is for everyone: by keyboard, by screen reader, on a phone, in the dark, without motion, without jumps."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.platform import eventually
from tests.page.test_drawing import DRAWN_MS, LONG, ask
from tests.page.visitor import WEB, Visitor

DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
LOOKS = {
    "light": {"viewport": DESK},
    "dark": {"viewport": DESK, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
}
SCREENS = {
    "studio": ("/", "Being drawn"),
    "videos": ("/#/videos", "Videos"),
    "video": ("/#/videos/{id}", "A lighthouse in a storm"),
    "plan": ("/#/plan", "How long, how much"),
    "status": ("/#/status", "Status"),
}
"""By name: where it is, and a heading that stands there when it is whole."""
MOST_BYTES = 200_000
SHIFT = """new Promise(done => new PerformanceObserver(list => done(list.getEntries().reduce(
    (sum, entry) => sum + (entry.hadRecentInput ? 0 : entry.value), 0))).observe({type: 'layout-shift', buffered: true})
    || setTimeout(() => done(0), 500))"""


@pytest.fixture(scope="module")
def drawn(platform):
    ids = [platform.create(prompt=f"{what} in a storm", seed=n) for n, what in enumerate(("A boat", "A lighthouse"))]
    for each in ids:
        platform.finished(each)
    return ids[-1]


@pytest.fixture
def guest(browser: Browser, platform):
    """Visitors with traits of their own: `guest(**traits)`."""
    guests: list[Visitor] = []

    def invite(**traits) -> Visitor:
        guests.append(Visitor(browser, platform, **traits))
        return guests[-1]

    yield invite
    for each in guests:
        each.end()
    assert [] == [fault for each in guests for fault in each.faults]


def settled(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle") if "#/videos" in page.url else page.wait_for_timeout(800)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("screen", SCREENS)
def test_each_screen_is_fit_for_all_and_has_its_picture(guest, drawn: str, screen: str, look: str, tmp_path):
    visitor = guest(**LOOKS[look])
    path, heading = SCREENS[screen]
    page = visitor.tab(path.replace("{id}", drawn))
    settled(page, heading)
    if screen == "studio":
        card = ask(page, "A paper boat on a lake")
        expect(card.locator("video")).to_be_visible(timeout=DRAWN_MS)
        page.get_by_label("What shall be seen?").fill("A lighthouse in a storm, seen from the sea")
        expect(page.get_by_role("status", name="Estimate")).to_contain_text("Ready in about")
    for video in page.locator("video").all():
        eventually(lambda video=video: video.evaluate("video => video.readyState") >= 2, "its first picture is there")

    # Core Web Vitals call 0.1 good.
    assert page.evaluate(SHIFT) < 0.1
    assert [] == visitor.accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture = Path(os.environ.get("SCREENSHOTS") or tmp_path) / f"{screen}-{look}.jpeg"
    page.screenshot(path=picture, type="jpeg", quality=70)
    assert picture.stat().st_size < MOST_BYTES


def test_the_pictures_are_there_for_each_screen():
    shown = {path.name for path in (WEB / "screenshots").iterdir()}

    expected = {f"{screen}-{look}.jpeg" for screen in (*SCREENS, "door") for look in LOOKS}
    assert expected == shown
    assert [] == [path for path in (WEB / "screenshots").iterdir() if path.stat().st_size >= MOST_BYTES]


@pytest.mark.parametrize("look", LOOKS)
def test_the_door_is_fit_for_all(guest, look: str, tmp_path):
    visitor = guest(**LOOKS[look])
    page = visitor.tab()
    page.get_by_role("button", name="Forget key").click()
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("A key is fb_")).to_be_visible()

    assert [] == visitor.accessible(page)
    page.screenshot(path=Path(os.environ.get("SCREENSHOTS") or tmp_path) / f"door-{look}.jpeg", type="jpeg", quality=70)


def test_a_video_is_asked_for_and_played_with_the_keyboard_alone(guest, platform):
    page = guest().tab()
    reach(page, "Forget key")
    page.keyboard.press("Enter")
    reach(page, "API key")
    page.keyboard.type(platform.api_key)
    page.keyboard.press("Enter")
    expect(page.get_by_label("What shall be seen?")).to_be_visible()

    reach(page, "What shall be seen?")
    page.keyboard.type("A bell in the fog")
    reach(page, "Draw it")
    page.keyboard.press("Enter")
    card = page.get_by_role("article", name="A bell in the fog")
    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    reach(page, "A bell in the fog")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="A bell in the fog")).to_be_visible()
    assert "MAIN" == page.evaluate("document.activeElement.tagName")
    assert "Videos" in page.title()
    expect(page.locator("video")).to_be_visible()
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "VIDEO":
            break
    page.keyboard.press("Space")
    eventually(lambda: page.locator("video").evaluate("video => !video.paused && video.currentTime > 0"), "it plays")


def reach(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called so, and is seen to be there."""
    words = "(e => (e.labels?.[0]?.innerText ?? e.innerText ?? '').trim())(document.activeElement)"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(words) == name:
            assert "none" != page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            return
    pytest.fail(f"the keyboard does not reach {name}")


HEAR = """() => {
  window.heard = [];
  new MutationObserver(changes => changes.forEach(({target}) => {
    const place = (target instanceof Element ? target : target.parentElement)?.closest('[role=status]');
    if (place && !place.ariaLabel) heard.push(place.innerText);
  })).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
"""Gathers what a screen reader reads out by itself: what changes inside of what was there before."""


@pytest.mark.parametrize("screen", ["studio", "video"])
def test_who_only_hears_the_page_hears_each_state_and_no_steps(guest, platform, screen: str):
    page = guest().tab()
    prompt = f"A blind date in the {screen}"
    with platform.held():
        waiting = platform.create(prompt=prompt, **LONG)
        if screen == "video":
            page.goto(f"{page.url}#/videos/{waiting}")
        card = page.get_by_role("article", name=prompt)
        expect(card.get_by_role("status")).to_have_text("Queued")
        page.evaluate(HEAR)
    expect(card.get_by_role("status")).to_have_text("Drawing", timeout=DRAWN_MS)
    expect(card.get_by_text("Step")).to_be_visible(timeout=DRAWN_MS)
    card.get_by_role("button", name="Cancel").click()

    ended = page.get_by_role("main").get_by_role("status").filter(has_text="Cancelled")
    expect(ended).to_have_count(1)

    heard = [words for words in page.evaluate("heard") if words != "Cancelling"]
    assert ["Drawing", "Cancelled"] == heard


def test_nothing_moves_for_who_wants_no_motion(guest, platform):
    moving = {}
    with platform.held():
        waiting = platform.create(prompt="A sleeping cat")
        for wish in ("no-preference", "reduce"):
            page = guest(reduced_motion=wish).tab()
            expect(page.get_by_role("article", name="A sleeping cat")).to_be_visible()
            moving[wish] = page.evaluate("document.getAnimations().length")
        platform.call("DELETE", f"/v1/videos/{waiting}")

    assert moving["no-preference"] > 0
    assert 0 == moving["reduce"]


def test_nothing_jumps_while_a_video_is_made(guest):
    page = guest(viewport=DESK).tab()
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()
    page.get_by_label("What shall be seen?").fill("A slow snail")
    page.get_by_role("button", name="Draw it").click()
    card = page.get_by_role("article", name="A slow snail")
    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    expect(card.locator("video")).to_be_visible()

    # Core Web Vitals call 0.1 good.
    assert page.evaluate(SHIFT) < 0.1

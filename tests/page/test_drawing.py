"""From a prompt to a playing video, in a real browser, on the platform that `make run` starts."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.platform import Platform, eventually
from tests.page.visitor import PLAIN, Visitor

PLAYED = "video => video.play().then(() => new Promise(done => { video.ontimeupdate = () => done(true); }))"
LONG = {"size": "256x256", "num_frames": 85, "num_inference_steps": 100}
"""Half a minute of the tiny model on a CPU."""
DRAWN_MS = 120_000


def ask(page: Page, prompt: str, **fields: str) -> Locator:
    """The card of a video that was asked for."""
    page.get_by_label("What shall be seen?").fill(prompt)
    if fields.keys() - {"Length"}:
        page.get_by_text("More", exact=True).click()
    for name, value in fields.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Draw it").click()
    return page.get_by_role("article", name=prompt)


def test_a_prompt_becomes_a_playing_video(visit: Visitor):
    page = visit.tab()
    page.get_by_label("What shall be seen?").fill("A paper boat on a lake")
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("Ready in about")

    card = ask(page, "A paper boat on a lake")

    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    video = card.get_by_label("Video: A paper boat on a lake")
    assert video.evaluate(PLAYED)
    assert [96, 64] == video.evaluate("video => [video.videoWidth, video.videoHeight]")
    assert "key=" not in page.url


def test_over_plain_http_a_video_is_made_all_the_same(browser: Browser, platform: Platform):
    """There browsers keep much from a page: no clipboard, no randomUUID."""
    guest = Visitor(browser, platform, url=f"http://{PLAIN}:{platform.port}")
    guest.expected = ("Cross-Origin-Opener-Policy",)  # is for https only, and Chromium says so
    page = guest.tab()
    assert not page.evaluate("isSecureContext || 'randomUUID' in crypto")

    card = ask(page, "A plain brown fox")
    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    card.get_by_role("link", name="A plain brown fox").click()

    video = page.get_by_label("Video: A plain brown fox")
    assert video.evaluate(PLAYED)
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    page.get_by_role("link", name="Remix").click()
    page.get_by_label("What shall be seen?").fill("A plain red fox")
    page.get_by_role("button", name="Draw it").click()
    expect(page.get_by_role("article", name="A plain red fox")).to_be_visible()
    guest.end()
    assert [] == guest.faults


def test_a_drawing_is_watched_step_by_step_and_cancelled_in_the_middle(visit: Visitor):
    page = visit.tab()
    long = visit.platform.create(prompt="A train in the rain", preview=True, **LONG)

    card = page.get_by_role("article", name="A train in the rain")

    expect(card.get_by_text("Drawing", exact=True).first).to_be_visible(timeout=DRAWN_MS)
    expect(card.get_by_text(re.compile(r"^Step \d+ of 100$"))).to_be_visible(timeout=DRAWN_MS)
    expect(card.get_by_alt_text("What it looks like so far")).to_be_visible()
    card.get_by_role("button", name="Cancel").click()
    expect(card.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(card.get_by_role("button", name="Try again")).to_be_visible()
    assert "cancelled" == visit.platform.video(long)["state"]


def test_two_tabs_tell_the_same_and_neither_starves_the_other(visit: Visitor):
    here, there = visit.tab(), visit.tab()

    cards = [ask(here, f"Wave {n}") for n in range(3)]

    for card in cards:
        expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    for n in range(3):
        seen = there.get_by_role("article", name=f"Wave {n}")
        eventually(
            lambda seen=seen: seen.count() == 0 or seen.get_by_text("Ready", exact=True).count(), "no stale card"
        )
    there.get_by_role("link", name="Videos").click()
    for n in range(3):
        expect(there.get_by_role("link", name=f"Wave {n}")).to_be_visible()


def test_what_is_wrong_is_said_beside_its_field(visit: Visitor):
    page = visit.tab()
    visit.expected = ("400 (BAD REQUEST)",)
    page.get_by_label("What shall be seen?").fill("A hat")
    page.get_by_label("Length").fill("60")

    expect(page.get_by_label("Length")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#seconds-wrong")).to_contain_text("for mochi-1-tiny")
    page.get_by_role("button", name="Draw it").click()
    expect(page.locator("#seconds-wrong")).to_contain_text("for mochi-1-tiny")

    page.get_by_label("Length").fill("0.4")
    expect(page.locator("#seconds-wrong")).to_be_empty()


def test_a_remix_has_other_words_and_the_same_seed(visit: Visitor):
    origin = visit.platform.create(prompt="A red kite", seed=11)
    visit.platform.finished(origin)
    page = visit.tab(f"/#/videos/{origin}")

    page.get_by_role("link", name="Remix").click()
    expect(page.get_by_label("What shall be seen?")).to_have_value("A red kite")
    page.get_by_label("What shall be seen?").fill("A green kite")
    page.get_by_role("button", name="Draw it").click()

    card = page.get_by_role("article", name="A green kite")
    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    [remix] = [each for each in visit.platform.videos() if each["prompt"] == "A green kite"]
    assert (origin, 11) == (remix["remixed_from_video_id"], remix["seed"])

"""From a prompt to a playing video, in a real browser, on the platform that `make run` starts."""

from playwright.sync_api import Page, expect

from tests.page.visitor import Visitor

PLAYED = "video => video.play().then(() => new Promise(done => { video.ontimeupdate = () => done(true); }))"


def ask(page: Page, prompt: str, **fields: str) -> None:
    page.get_by_label("What shall be seen?").fill(prompt)
    if fields.keys() - {"Length"}:
        page.get_by_text("More", exact=True).click()
    for name, value in fields.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Draw it").click()


def test_a_prompt_becomes_a_playing_video(visit: Visitor):
    page = visit.tab()
    page.get_by_label("What shall be seen?").fill("A paper boat on a lake")
    expect(page.get_by_role("status", name="Estimate")).to_contain_text("Ready in about")

    page.get_by_role("button", name="Draw it").click()

    card = page.get_by_role("article", name="A paper boat on a lake")
    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=90_000)
    video = card.get_by_label("Video: A paper boat on a lake")
    assert video.evaluate(PLAYED)
    assert [96, 64] == video.evaluate("video => [video.videoWidth, video.videoHeight]")
    assert "key=" not in page.url

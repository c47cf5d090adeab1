"""A video is watched whatever stands between the page and the platform, and asked for anew when it was lost."""

from playwright.sync_api import Route, expect

from tests.page.test_drawing import DRAWN_MS, LONG
from tests.page.visitor import Visitor


def test_where_streams_are_held_back_the_page_asks_instead(visit: Visitor):
    """As a proxy does that gathers an answer before it passes it on: nothing comes, not even the status."""
    page = visit.tab()
    visit.expected = ("ERR_FAILED",)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/videos/*/events", hold)
    with visit.platform.held(), page.expect_request(lambda asked: "wait=" in asked.url):
        video = visit.platform.create(prompt="A dammed river")
    card = page.get_by_role("article", name="A dammed river")

    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    expect(card.locator("video")).to_be_visible()
    assert 2 == sum(video in route.request.url for route in held)
    # What nobody answers is collected as rubbish during some later test, with a warning that fails it.
    for route in held:
        route.abort()
    page.unroute_all(behavior="ignoreErrors")


def test_a_video_that_was_lost_is_asked_for_again(visit: Visitor):
    page = visit.tab()
    lost = visit.platform.create(prompt="A second sunrise", **LONG)
    cards = page.get_by_role("article", name="A second sunrise")
    expect(cards.get_by_text("Drawing", exact=True).first).to_be_visible(timeout=DRAWN_MS)
    cards.get_by_role("button", name="Cancel").click()
    expect(cards.get_by_text("Cancelled", exact=True)).to_be_visible()

    cards.get_by_role("button", name="Try again").click()

    expect(cards).to_have_count(2)
    expect(cards.first.get_by_text("Drawing", exact=True).first).to_be_visible(timeout=DRAWN_MS)
    [again] = [each for each in visit.platform.videos() if each["retried_from_video_id"] == lost]
    assert visit.platform.video(lost)["seed"] == again["seed"]
    cards.first.get_by_role("button", name="Cancel").click()
    expect(cards.first.get_by_text("Cancelled", exact=True)).to_be_visible()

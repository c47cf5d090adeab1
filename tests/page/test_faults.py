"""What the page does when the server is away, the key is worn out, or somebody means ill."""

import json

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.platform import Platform
from tests.page.test_drawing import DRAWN_MS, ask
from tests.page.visitor import Visitor

EVIL = (
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><script>document.title='owned'</script>",
    "javascript:alert(1) ${7*7} {{7*7}} </textarea><svg onload=alert(1)>",
)


TOLD = "JSON.stringify([location.href, history.state, document.cookie])"
"""Where a key would be seen by others."""
HEADINGS = {"Videos": "Videos", "Plan": "How long, how much", "Status": "Status"}
"""By the name of what leads there."""


@pytest.fixture
def mortal(tmp_path, browser: Browser):
    """A visitor of a platform that the test may stop. That nobody answers meanwhile is no fault of the page."""
    with Platform(
        tmp_path, CHECKPOINT_SECONDS="1", LEASE_SECONDS="3", HEARTBEAT_SECONDS="0.5", TICK_SECONDS="1"
    ) as own:
        guest = Visitor(browser, own)
        guest.expected = ("ERR_CONNECTION", "ERR_EMPTY", "ERR_INCOMPLETE", "status of 50")
        yield guest
        guest.end()
        assert [] == guest.faults


def test_a_server_that_is_restarted_in_the_middle_of_a_drawing_is_found_again(mortal: Visitor):
    platform, page = mortal.platform, mortal.tab()
    streams: list[tuple[str, str | None]] = []
    page.on("request", lambda asked: streams.append((asked.url, asked.headers.get("last-event-id"))))
    long = platform.create(prompt="A long night", size="256x256", num_frames=37, num_inference_steps=100)
    card = page.get_by_role("article", name="A long night")
    expect(card.get_by_text("of 100")).to_be_visible(timeout=DRAWN_MS)

    platform.stop()
    expect(page.get_by_text("The platform does not answer").first).to_be_visible()
    streams.clear()
    platform.start()

    expect(card.get_by_text("Ready", exact=True)).to_be_visible(timeout=DRAWN_MS)
    # What the page owes rests for a while before it is asked for again.
    expect(page.get_by_text("The platform does not answer")).to_be_hidden(timeout=DRAWN_MS)
    assert "completed" == platform.video(long)["state"]
    marks = {mark for url, mark in streams if url.endswith(f"/v1/videos/{long}/events")}
    assert marks, "it is streamed again"
    assert None not in marks, "each stream goes on behind the last event"


def away(route: Route) -> None:
    route.abort()


def replaced(route: Route) -> None:
    """As after a rollout: this version's files are no longer there."""
    route.fulfill(status=404, content_type="application/problem+json", body="{}")


def revisit(page: Page, screen: str) -> None:
    page.get_by_role("link", name="Studio").click()
    page.get_by_role("link", name=screen).click()


def reload(page: Page, screen: str) -> None:
    page.get_by_role("button", name="Load again").click()


@pytest.mark.parametrize(("answer", "mend"), [(away, revisit), (replaced, reload)])
@pytest.mark.parametrize("screen", HEADINGS)
def test_a_screen_that_cannot_be_fetched_says_so_and_leaves_the_others(visit: Visitor, screen: str, answer, mend):
    visit.expected = ("ERR_FAILED", "404", "dynamically imported module")
    page = visit.tab()
    studio = page.get_by_role("heading", name="Being drawn")
    broken = page.get_by_text("Something broke on this page")
    expect(studio).to_be_visible()
    page.route("**/assets/*", answer)

    page.get_by_role("link", name=screen).click()
    expect(broken).to_be_visible()
    page.get_by_role("link", name="Studio").click()
    expect(studio).to_be_visible()
    expect(broken).to_be_hidden()
    page.get_by_role("link", name=screen).click()
    expect(broken).to_be_visible()

    page.unroute("**/assets/*")
    mend(page, screen)
    expect(page.get_by_role("heading", name=HEADINGS[screen], exact=True)).to_be_visible()


def test_a_proxy_that_answers_with_its_own_page_is_told_of_as_such(visit: Visitor):
    """As where one must sign in again: 200, and not a word of the platform's."""
    page = visit.tab()
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()
    page.route("**/v1/**", lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in</h1>"))

    ask(page, "A hat")

    expect(page.get_by_text("Something on the way answered in place of the platform").first).to_be_visible()
    expect(page.get_by_text("Something broke on this page")).to_be_hidden()
    expect(page.get_by_label("What shall be seen?")).to_have_value("A hat")


def make_key(platform: Platform, *scopes: str, life: int | None = None) -> str:
    body = {"tenant": "default", "scopes": list(scopes)} | ({} if life is None else {"expires_in_seconds": life})
    status, _, answer = platform.call("POST", "/admin/keys", body)
    assert status == 201, answer
    return json.loads(answer)["key"]


def test_a_key_that_expires_shuts_the_page_and_is_forgotten(visit: Visitor):
    visit.expected = ("401 (UNAUTHORIZED)",)
    page = visit.tab(key=make_key(visit.platform, "videos:read", "videos:write", life=6))
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()

    expect(page.get_by_text("This key opens nothing here")).to_be_visible()

    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_label("API key").fill(visit.platform.api_key)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()


def test_a_key_that_may_only_look_is_told_so(visit: Visitor):
    visit.expected = ("403 (FORBIDDEN)",)
    page = visit.tab(key=make_key(visit.platform, "videos:read"))

    ask(page, "A hat")

    expect(page.get_by_text("Your key may not do this.")).to_be_visible()
    expect(page.get_by_text("this API key lacks the scope videos:write")).to_be_visible()
    expect(page.get_by_label("What shall be seen?")).to_have_value("A hat")


def test_the_link_s_key_stands_in_no_address_and_no_history(visit: Visitor):
    page = visit.tab()
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()

    page.reload()

    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()
    assert visit.platform.api_key not in page.evaluate(TOLD)


def test_a_link_pasted_into_a_tab_that_is_open_lets_its_key_in_and_nobody_else_see_it(visit: Visitor):
    page = visit.tab("/#/videos")
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    mine = make_key(visit.platform, "videos:read")

    with page.expect_request(lambda asked: asked.headers.get("authorization") == f"Bearer {mine}"):
        page.goto(f"{visit.url}/#key={mine}")

    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()
    assert mine not in page.evaluate(TOLD)
    page.go_back()
    expect(page.get_by_role("heading", name="Videos")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Being drawn")).to_be_visible()
    assert mine not in page.evaluate(TOLD)


@pytest.mark.parametrize("evil", EVIL)
def test_a_prompt_is_text_wherever_it_stands(visit: Visitor, evil: str):
    video = visit.platform.create(prompt=evil, metadata={"note": evil})
    visit.platform.finished(video)
    page = visit.tab("/#/videos")
    expect(page.get_by_role("link", name=evil)).to_be_visible()

    page.goto(f"{visit.url}/#/videos/{video}")
    expect(page.get_by_role("heading", name=evil)).to_be_visible()
    expect(page.get_by_role("definition").get_by_text(evil)).to_be_visible()
    page.get_by_text("As a program").click()
    page.get_by_role("link", name="Remix").click()
    expect(page.get_by_label("What shall be seen?")).to_have_value(evil)

    assert "owned" not in page.title()
    assert 1 == page.evaluate("document.scripts.length")


def test_the_browser_would_say_what_the_policy_refuses(visit: Visitor):
    """Otherwise the quiet of the other tests would mean nothing."""
    page = visit.tab()
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    page.evaluate("document.body.append(Object.assign(document.createElement('style'), {textContent: 'p {}'}))")
    page.wait_for_timeout(300)

    assert any("img-src" in fault for fault in visit.faults)
    assert any("style-src" in fault for fault in visit.faults)
    visit.faults.clear()

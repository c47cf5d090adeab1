"""What was drawn is found again, looked at, taken along and thrown away."""

import os
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.platform import eventually
from tests.page.visitor import Visitor


@pytest.fixture(scope="module")
def drawn(platform):
    """The id of a video that is there for all tests of this file."""
    video_id = platform.create(prompt='It\'s a "boat" — 🎈\nat noon', seed=7, negative_prompt="rain")
    platform.finished(video_id)
    return video_id


def test_a_video_is_found_by_its_words_and_by_its_state(visit: Visitor, drawn: str):
    other = visit.platform.create(prompt="A grey mouse")
    visit.platform.finished(other)
    page = visit.tab("/#/videos")
    boat, mouse = page.get_by_role("link", name="It's a"), page.get_by_role("link", name="A grey mouse")
    expect(mouse).to_be_visible()

    page.get_by_label("Words").fill("BOAT")
    expect(mouse).to_be_hidden()
    expect(boat).to_be_visible()

    page.get_by_label("State").select_option("Failed")
    expect(boat).to_be_hidden()
    page.get_by_label("State").select_option("Ready")
    expect(boat).to_be_visible()


def test_a_video_is_looked_at_scrubbed_and_downloaded(visit: Visitor, drawn: str, tmp_path):
    page = visit.tab(f"/#/videos/{drawn}")
    video = page.locator("video")
    expect(video).to_be_visible()
    eventually(lambda: video.evaluate("video => video.readyState") >= 1, "the video is loaded")

    page.get_by_label("Scrub through the video").fill("12")
    assert abs(video.evaluate("video => video.currentTime") - 13 / 30) < 0.04

    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "video.mp4")
    assert visit.platform.video(drawn)["output"]["bytes"] == (tmp_path / "video.mp4").stat().st_size
    assert f"{drawn}.mp4" == download.value.suggested_filename

    facts = page.locator("dl")
    for fact in ("7", "96 × 64", "4.5", "rain", "1 of 3", drawn):
        expect(facts.get_by_text(fact, exact=True)).to_be_visible()


@pytest.mark.parametrize("language", ["curl", "Python", "Node"])
def test_a_video_is_copied_as_a_program_that_asks_for_the_same(visit: Visitor, drawn: str, language: str, tmp_path):
    page = visit.tab(f"/#/videos/{drawn}")
    page.get_by_text("As a program").click()
    page.get_by_label("Language").select_option(language)
    program = page.locator("pre").inner_text()
    before = {video["id"] for video in visit.platform.videos()}

    runs = {"curl": ["bash", "-c"], "Python": [sys.executable, "-c"], "Node": ["node", "--input-type=module", "-e"]}
    environ = {"PATH": os.environ["PATH"], "FLIPBOOK_KEY": visit.platform.api_key, "NO_PROXY": "127.0.0.1"}
    assert shutil.which(runs[language][0])
    done = subprocess.run(
        [*runs[language], program], env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )

    assert 0 == done.returncode, done.stderr
    [again] = [video for video in visit.platform.videos() if video["id"] not in before]
    same = ("prompt", "negative_prompt", "seed", "size", "num_frames", "num_inference_steps", "guidance_scale", "model")
    known = visit.platform.video(drawn)
    assert {name: known[name] for name in same} == {name: again[name] for name in same}
    assert visit.platform.api_key not in program


def test_what_is_deleted_can_be_had_back_for_a_while(visit: Visitor):
    kept, gone = (visit.platform.create(prompt=f"A {word} house") for word in ("kept", "lost"))
    for each in (kept, gone):
        visit.platform.finished(each)
    page = visit.tab(f"/#/videos/{kept}")

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="A lost house")).to_be_visible()
    expect(page.get_by_role("link", name="A kept house")).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="A kept house")).to_be_visible()

    page.get_by_role("link", name="A lost house").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Deleted.")).to_be_hidden()
    assert 404 == visit.platform.call("GET", f"/v1/videos/{gone}")[0]
    assert "completed" == visit.platform.video(kept)["state"]


def test_what_could_not_be_deleted_is_told_with_the_reason(visit: Visitor):
    visit.expected = ("503",)
    stays = visit.platform.create(prompt="A stubborn mule")
    visit.platform.finished(stays)
    page = visit.tab(f"/#/videos/{stays}")
    refusal = '{"detail": "the store is away"}'

    def refuse(route: Route) -> None:
        if route.request.method != "DELETE":
            return route.fallback()
        return route.fulfill(status=503, content_type="application/problem+json", body=refusal)

    page.route(f"**/v1/videos/{stays}", refuse)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert").get_by_text("the store is away")).to_be_visible()
    expect(page.get_by_role("link", name="A stubborn mule")).to_be_visible()
    assert [] == visit.accessible(page)

    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="A stubborn mule")).to_be_hidden()
    eventually(lambda: visit.platform.call("GET", f"/v1/videos/{stays}")[0] == 404, "it is deleted")


def test_who_leaves_the_page_has_deleted(visit: Visitor):
    gone = visit.platform.create(prompt="A short visit")
    visit.platform.finished(gone)
    page = visit.tab(f"/#/videos/{gone}")

    page.get_by_role("button", name="Delete").click()
    page.goto("about:blank")

    eventually(lambda: visit.platform.call("GET", f"/v1/videos/{gone}")[0] == 404, "it is deleted")


@pytest.fixture
def queued(platform):
    """Forty videos that wait, and go unseen."""
    with platform.held():
        many = [platform.create(prompt=f"Grain of sand {n}.") for n in range(40)]
        yield many
        for each in many:
            platform.call("DELETE", f"/v1/videos/{each}")


@pytest.mark.usefixtures("queued")
def test_who_comes_back_from_a_video_finds_the_gallery_as_it_was(visit: Visitor):
    page = visit.tab("/#/videos")
    page.set_viewport_size({"width": 390, "height": 600})
    page.get_by_label("Words").fill("grain")
    expect(page.get_by_text("40 in all")).to_be_visible()
    low = page.get_by_role("link", name="Grain of sand 7.")
    page.mouse.move(200, 400)
    while not low.count():
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(50)
    low.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")

    low.click()
    expect(page.get_by_role("article", name="Grain of sand 7.")).to_be_visible()
    assert 0 == page.evaluate("scrollY")
    page.go_back()

    expect(low).to_be_in_viewport()
    expect(page.get_by_label("Words")).to_have_value("grain")
    assert abs(before - page.evaluate("scrollY")) <= 1
    page.get_by_role("link", name="Studio").click()
    page.get_by_role("link", name="Videos").click()
    expect(page.get_by_label("Words")).to_have_value("")
    assert 0 == page.evaluate("scrollY")


def test_a_link_to_nothing_says_so(visit: Visitor):
    visit.expected = ("404 (NOT FOUND)",)
    page = visit.tab("/#/videos/video_01ARZ3NDEKTSV4RRFFQ69G5FAV")

    expect(page.get_by_role("heading", name="There is no such video")).to_be_visible()

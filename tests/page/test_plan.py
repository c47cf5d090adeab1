"""The plot of what videos take, for the real model's numbers."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.platform import Platform
from tests.page.visitor import Visitor

DOT = 7
"""Pixels across, of a video that was drawn."""
INK = """(canvas, name) => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = `var(${name})`;
    const wanted = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
    probe.remove();
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let n = 0; n < data.length; n += 4)
        found += data[n + 3] > 200 && wanted.every((value, part) => Math.abs(data[n + part] - value) < 12);
    return found;
}"""


@pytest.fixture(scope="module")
def offering(tmp_path_factory: pytest.TempPathFactory):
    """A platform that offers Mochi-1 itself. What draws is at once ready: the plot is of estimates."""
    with Platform(
        tmp_path_factory.mktemp("offering"),
        MODELS="mochi-1-preview mochi-1-tiny",
        ENGINE="tests.engines.instant:Instant",
    ) as started:
        yield started


@pytest.fixture
def page(browser: Browser, offering: Platform):
    guest = Visitor(browser, offering)
    yield guest.tab("/#/plan")
    guest.end()
    assert [] == guest.faults


def ink(page: Page, colour: str) -> int:
    """How many pixels of the plot have a colour of the page."""
    return int(page.locator(".plot canvas").evaluate(INK, colour))


def test_the_plot_has_lines_of_size_and_of_equal_memory_and_each_video_as_a_point(page: Page, offering: Platform):
    legend = page.locator(".legend")
    expect(legend.get_by_text("equal GPU memory")).to_be_visible()
    expect(legend.get_by_text("your own videos")).to_be_hidden()
    assert ink(page, "--main") > 1000
    assert ink(page, "--good") > 300
    assert ink(page, "--bad") == 0

    for frames in (25, 49):
        offering.finished(offering.create(prompt="A quick one", num_frames=frames, size="320x192"))
    page.reload()

    expect(legend.get_by_text("your own videos")).to_be_visible()
    assert DOT * DOT / 2 < ink(page, "--bad") < 2 * DOT * DOT


def test_the_plot_s_numbers_stand_beside_it_for_each_model(page: Page):
    page.get_by_text("In numbers").click()
    table = page.get_by_role("table")
    expect(table.get_by_role("columnheader", name="848 × 480")).to_be_visible()
    expect(table.get_by_role("cell").first).to_contain_text("GB")
    large = table.inner_text()

    page.get_by_label("Model").select_option("mochi-1-tiny")

    page.get_by_text("In numbers").click()
    expect(table.get_by_role("columnheader", name="96 × 64")).to_be_visible()
    assert large != table.inner_text()

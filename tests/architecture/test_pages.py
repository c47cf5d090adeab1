"""Pages that are written from the code say what the code says."""

from tests.architecture import settings_page
from tests.architecture.house import ROOT


def test_the_page_of_settings_is_that_of_the_code():
    written = (ROOT / "docs/settings.md").read_text()

    assert settings_page.page() == written, "run: python -m tests.architecture.settings_page > docs/settings.md"


def test_every_setting_stands_on_the_page():
    rows = [line for line in settings_page.page().splitlines() if line.startswith("| `")]

    assert len(settings_page.docstrings()) == len(rows)
    assert all(3 == row.count(" | ") + 1 for row in rows)

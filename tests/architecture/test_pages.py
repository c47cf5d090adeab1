"""Pages that are written from the code say what the code says."""

import json

import jsonschema
import pytest

from shared.core import events
from shared.core.event_types import CATALOG
from tests.architecture import event_pages, settings_page
from tests.architecture.house import ROOT


def test_the_page_of_settings_is_that_of_the_code():
    written = (ROOT / "docs/settings.md").read_text()

    command = ".venv/bin/python -m tests.architecture.settings_page > docs/settings.md"

    assert settings_page.page() == written, f"run: {command}"


def test_every_setting_stands_on_the_page():
    rows = [line for line in settings_page.page().splitlines() if line.startswith("| `")]

    assert len(settings_page.docstrings()) == len(rows)
    assert all(3 == row.count(" | ") + 1 for row in rows)


@pytest.mark.parametrize("name", event_pages.files())
def test_what_is_told_of_events_is_that_of_the_code(name):
    written = (ROOT / name).read_text()

    assert event_pages.files()[name] == written, "run: .venv/bin/python -m tests.architecture.event_pages"


def test_no_schema_lies_about_that_nobody_writes():
    written = {str(path.relative_to(ROOT)) for path in (ROOT / event_pages.SCHEMAS).iterdir()}

    assert written <= set(event_pages.files())


def test_every_event_is_in_the_catalog_once():
    types = {value for value in vars(events).values() if isinstance(value, str) and value.startswith("dev.flipbook.")}

    assert sorted(types) == sorted(each.type for each in CATALOG)


@pytest.mark.parametrize("each", CATALOG, ids=lambda each: each.type)
def test_an_example_fits_its_schema_and_what_is_none_does_not(each):
    schema = event_pages.schema(each)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    data = json.loads(json.dumps(event_pages.examples()[each.type].data))

    assert [] == [error.message for error in validator.iter_errors(data)]
    assert not validator.is_valid({"id": 7, "unknown": 1})
    assert events.schema(each.type) == schema["$id"]


def test_every_decision_has_a_number_of_its_own():
    numbers = [path.name[:4] for path in sorted((ROOT / "docs/decisions").glob("*.md"))]

    assert [f"{n:04d}" for n in range(1, len(numbers) + 1)] == numbers


def test_every_decision_begins_with_its_number_and_stays_short():
    for path in (ROOT / "docs/decisions").glob("*.md"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith(f"# {int(path.name[:4])}. "), path.name
        assert len(lines) <= 30, path.name

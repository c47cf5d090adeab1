"""docs/api.md shows every route, and what it shows is what a platform answers."""

from tests.api import api_page
from tests.api.tour import STEPS, operation
from tests.architecture.house import ROOT


def test_the_page_is_what_a_platform_answers():
    written = (ROOT / "docs/api.md").read_text()

    assert written == api_page.page(), "run: .venv/bin/python -m tests.api.api_page > docs/api.md"


def test_every_operation_is_on_the_way(app):
    document = app.test_client().get("/openapi.json").json
    there = {(method.upper(), path) for path, item in document["paths"].items() for method in item}

    assert there == {operation(step) for step in STEPS}, "give each new route a Step in tests/api/tour.py"

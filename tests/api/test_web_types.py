"""The file of the page's types is what openapi-typescript makes of the document."""

from tests import needs
from tests.api import web_types


def test_the_types_are_as_they_are_written():
    needs.require("node")
    needs.require_folder(web_types.WEB / "node_modules")

    assert web_types.FILE.read_text() == web_types.text(), "run: .venv/bin/python -m tests.api.web_types"

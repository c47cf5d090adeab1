"""The page's types are those of the API, and its lock file names no host. Neither needs Node."""

import json
import re

from tests.api import web_types
from tests.architecture.house import ROOT


def test_the_page_knows_the_api_as_it_is():
    head = web_types.FILE.read_text().partition("\n")[0]

    assert head == f"// {web_types.MADE} {web_types.digest(web_types.document())}.", (
        "run: npm ci --prefix web && .venv/bin/python -m tests.api.web_types"
    )


def test_the_lock_files_name_no_registry():
    for path in (ROOT / "web/package-lock.json", ROOT / "tests/clients/node/package-lock.json"):
        packages = json.loads(path.read_text())["packages"].values()
        assert [] == [package["resolved"] for package in packages if "resolved" in package]


def test_every_package_of_the_page_is_pinned():
    named = json.loads((ROOT / "web/package.json").read_text())
    versions = {**named["dependencies"], **named["devDependencies"]}

    assert {} == {name: text for name, text in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", text)}

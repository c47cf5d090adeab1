"""Commands of our pages work as they are typed: in a clone whose packages `make` put into .venv."""

import re

import pytest

from tests.architecture.house import ROOT, TOPS
from tests.architecture.test_links import PAGES

BLOCK = re.compile(r"^ *```(?:sh|console|bash)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
OURS = re.compile(rf"(?<![\w/])python3?\s+-m\s+(?:{'|'.join(TOPS)}|pytest|pip)\b")
"""Debian has no `python`, and its `python3` none of our packages."""
BARE = re.compile(r"(?:^|[\s;&|(`])(?:python|pip3?)\s")
IN_CONTAINERS = re.compile(r"kubectl [^\n]*exec |[Ii]n a\s+pod of")
HISTORY = ("CHANGELOG.md", "docs/decisions/", "bench/results/")


def lost(text):
    """The commands that a reader could not type as they stand, but for those said to be typed in a container."""
    shell = [(line, BARE.search(line)) for block in BLOCK.findall(text) for line in block.splitlines()]
    found = [line.strip() for line, hit in shell if hit and not IN_CONTAINERS.search(line)]
    paragraphs = re.split(r"\n\s*\n", BLOCK.sub("", text))
    found += [hit for each in paragraphs if not IN_CONTAINERS.search(each) for hit in OURS.findall(each)]
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if not str(page).startswith(HISTORY)], ids=str)
def test_no_command_of_a_page_asks_a_python_without_our_packages(page):
    assert [] == lost((ROOT / page).read_text())


@pytest.mark.parametrize(
    "text",
    [
        "```sh\npython -m local lint ../mine && kubectl diff -k ../mine\n```",
        "1. Do\n\n   ```console\n   $ PORT=8000 python receiver.py &\n   ```\n",
        "```sh\npip install standardwebhooks\n```",
        "Look at it (`python3 -m\nfunctions.generate.weights verify`).",
        "`python -m pytest tests/unit`",
    ],
)
def test_one_that_does_is_found(text):
    assert 1 == len(lost(text))


@pytest.mark.parametrize(
    "text",
    [
        "```sh\n.venv/bin/python -m local lint ../mine\n```",
        "```sh\ncurl -s $URL | python3 -m json.tool\n```",
        "```sh\npython3 -m venv .flipbook/receiver && .flipbook/receiver/bin/pip install x\n```",
        "```sh\nkubectl exec $POD -- python -m functions.submit.keys list\n```",
        "In a pod of generate, `python -m functions.generate.weights verify`",
        "```python\nimport x  # python -m x\n```",
    ],
)
def test_one_that_works_is_not(text):
    assert [] == lost(text)

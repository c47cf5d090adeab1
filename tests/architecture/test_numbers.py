"""What docs/drawing.md says of speed and closeness was measured: each number stands in the results it leads to."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.architecture.house import ROOT

RESULT = re.compile(r"\]\(\.\./(bench/results/[\w.-]+\.md)\)")
NUMBER = re.compile(r"(?<![\w.-])\d+\.\d+(?=x?\b)")
MEASURED = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?")


def invented(text: str, results: str) -> list[str]:
    """The numbers with a point in `text` that no measured one rounds to; bytes count as megabytes too."""
    measured = {Decimal(found.replace(",", "")) for found in MEASURED.findall(results)}
    measured |= {number / 10**6 for number in measured if number > 10**6}
    return [
        found
        for found in NUMBER.findall(text)
        if Decimal(found) not in {number.quantize(Decimal(found), ROUND_HALF_UP) for number in measured}
    ]


@pytest.fixture(scope="module")
def costs():
    page = (ROOT / "docs/drawing.md").read_text()
    return page[page.index("## What it costs") :]


def test_each_number_stands_in_the_results(costs):
    pages = RESULT.findall(costs)
    assert len(pages) >= 4
    told = RESULT.sub("", re.sub(r"\[`bench/[^`]*`", "", costs))

    assert [] == invented(told, "\n".join((ROOT / page).read_text() for page in pages))


def test_a_number_that_nobody_measured_is_found():
    results = "| 0.0495 | 4,274,732 bytes | 1.24x | 29.58 |"

    assert [] == invented("0.050 s for 4.3 MB, 1.24x, of 29.6 GB in 30 s", results)
    assert ["1.25", "0.051"] == invented("1.25x, 0.051 s", results)

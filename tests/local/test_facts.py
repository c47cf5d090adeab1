"""Every fact of Knative has a test here that shows it, or a reason why none can."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.local.facts import FACTS, Fact, shown

TESTS = Path(__file__).parents[1]
ROWS = [pytest.param(fact, id=f"{page}: {row}") for page, facts in FACTS.items() for row, fact in facts.items()]


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text()) if path.is_file() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def missing(fact: Fact) -> list[str]:
    """The tests that it names and that are not there."""
    places = [(test, *test.split("::")) for test in fact.tests]
    return [
        test for test, file, name in places if name not in names_in(TESTS / ("" if "/" in file else "local") / file)
    ]


@pytest.mark.parametrize("fact", ROWS)
def test_a_fact_is_shown_by_tests_that_exist_or_says_why_not(fact):
    assert [] == missing(fact)
    assert bool(fact.tests) != bool(fact.unfelt)


def test_a_test_that_is_gone_is_missed():
    assert ["test_facts.py::test_gone"] == missing(shown("x", "test_facts.py::test_gone"))
    assert [] == missing(shown("x", "test_facts.py::test_a_test_that_is_gone_is_missed"))

"""Nothing grows past what can be read at one sitting. What does is split by noun, not by number."""

from collections.abc import Iterable, Iterator
from statistics import median

import pytest

from tests.architecture.house import TOPS, Module, functions, planted, read, told

LONGEST_FILE = 300
LONGEST_TEST_FILE = 450
"""A suite is read case by case, and one contract is one noun; still, most are shorter than the others' limit."""
LONGEST_FUNCTION = 40
"""Lines from `def` to the end, docstring and all."""
MEDIAN_FILE = 120
"""Lines of the middle one of the product's files: near 100."""


def long_files(modules: Iterable[Module]) -> Iterator[str]:
    for module in modules:
        most = LONGEST_TEST_FILE if module.inside("tests") else LONGEST_FILE
        if (lines := length(module)) > most:
            yield f"{module.name} has {lines} lines; {most} are the most."


def long_functions(modules: Iterable[Module]) -> Iterator[str]:
    for module in modules:
        for function in functions(module):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{module.name}.{function.name} has {lines} lines; {LONGEST_FUNCTION} are the most."


def length(module: Module) -> int:
    return len(module.text.splitlines())


def middle(modules: Iterable[Module]) -> float:
    return median(length(module) for module in modules if module.text.strip())


@pytest.mark.parametrize("top", TOPS)
def test_files_are_short(top):
    found = list(long_files(read(top)))

    assert [] == found, told(found)


@pytest.mark.parametrize("top", TOPS)
def test_functions_are_short(top):
    found = list(long_functions(read(top)))

    assert [] == found, told(found)


def test_the_middle_one_of_the_files_is_near_a_hundred_lines():
    lines = middle(read("functions", "shared", "local"))

    assert lines <= MEDIAN_FILE, f"half of the product's files have more than {lines:.0f} lines."


def test_a_long_file_is_found():
    assert 1 == len(list(long_files([planted("shared.core.job", "x = 1\n" * 301)])))
    assert 1 == len(list(long_files([planted("tests.unit.test_job", "x = 1\n" * 451)])))
    assert [] == list(long_files([planted("shared.core.job", "x = 1\n" * 300)]))


@pytest.mark.parametrize("keyword", ["def", "async def"])
def test_a_long_function_is_found_wherever_it_stands(keyword):
    body = "        x = 1\n" * 40
    text = f"class A:\n    {keyword} f(self):\n{body}"

    assert 1 == len(list(long_functions([planted("shared.core.job", text)])))
    assert [] == list(long_functions([planted("shared.core.job", text.removesuffix("        x = 1\n"))]))


def test_empty_files_do_not_lower_the_middle():
    assert 200 == middle([planted("shared", ""), planted("shared.core", ""), planted("shared.ports", "x = 1\n" * 200)])
